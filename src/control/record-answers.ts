import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { COST_KEYS } from '#record/asking/cost-groups.ts';
import type { CostKey } from '#record/asking/cost-groups.ts';
import type { RecordFilter } from '#record/asking/list-records.ts';
import { QuestionTooLong } from '#record/asking/question-too-long.ts';
import type { Question } from '#record/asking/question.ts';
import { TERM_COLUMNS } from '#record/asking/terms.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Control } from './control.ts';
import type { Answer } from './endpoint.ts';
import { jsonResponse } from './plain-response.ts';
import { readFields } from './read-fields.ts';
import { unknownName } from './resolve-drain.ts';

type Query = ReadonlyMap<string, string>;
type Asking = Pick<Control, 'askRecord' | 'clock'>;

const limitMax = 1_000;
const weekMs = 7 * 86_400_000;

/** `GET /admin/records`: a page of calls, newest first; `next` is the `before` of the next page. */
export async function listAnswer(query: Query, control: Asking): Promise<Answer> {
  const filter = filterOf(query, ['limit', 'before']);
  const numbers = numbersIn(query, ['limit', 'before']);
  if (isGatewayError(filter)) return filter;
  if (isGatewayError(numbers)) return numbers;
  const limit = numbers.get('limit') ?? 50;
  if (limit < 1 || limit > limitMax) return gatewayError('invalid_request', `"limit" must be 1 to ${limitMax}.`, { param: 'limit' });
  return asked(control, { ask: 'records', filter, limit, before: numbers.get('before') ?? null });
}

/** `GET /admin/records/<id>`: one call in full, with what was said where it is kept. */
export function callAnswer(id: string, control: Asking): Promise<Answer> {
  return asked(control, { ask: 'call', id }, () =>
    gatewayError('not_found', `No call that has ended has the id ${JSON.stringify(id.slice(0, 80))}.`),
  );
}

/** `GET /admin/cost?by=task`: sums of what calls cost, the dearest one by one, the others as one. */
export async function costAnswer(query: Query, control: Asking): Promise<Answer> {
  const by = query.get('by') ?? 'task';
  if (!isCostKey(by)) return unknownName(by, [...Object.keys(COST_KEYS), 'day'], { what: 'sum' });
  const filter = filterOf(query, ['by', 'limit']);
  const numbers = numbersIn(query, ['limit']);
  if (isGatewayError(filter)) return filter;
  if (isGatewayError(numbers)) return numbers;
  const limit = numbers.get('limit') ?? 100;
  if (limit < 1 || limit > limitMax) return gatewayError('invalid_request', `"limit" must be 1 to ${limitMax}.`, { param: 'limit' });
  return asked(control, { ask: 'cost', by, filter, limit });
}

/** `GET /admin/runs`: sessions with more than one call, latest first. */
export async function runsAnswer(query: Query, control: Asking): Promise<Answer> {
  const numbers = numbersIn(query, ['since']);
  if (isGatewayError(numbers)) return numbers;
  return asked(control, { ask: 'runs', since: numbers.get('since') ?? control.clock.wallNow() - weekMs, limit: 100 });
}

/** `GET /admin/runs/<session>`: one run, turn by turn, and what it shows. */
export function runAnswer(session: string, control: Asking): Promise<Answer> {
  return asked(control, { ask: 'run', session }, () => gatewayError('not_found', 'No call belongs to that session.'));
}

/** `GET /admin/scores?by=route`: routes, models, upstreams or tasks by the scores of their calls. */
export async function ranksAnswer(query: Query, control: Asking): Promise<Answer> {
  const by = query.get('by') ?? 'route';
  if (by !== 'route' && by !== 'model' && by !== 'upstream' && by !== 'task')
    return unknownName(by, ['route', 'model', 'upstream', 'task'], { what: 'ranking' });
  const numbers = numbersIn(query, ['since']);
  return isGatewayError(numbers) ? numbers : asked(control, { ask: 'ranks', by, since: numbers.get('since') ?? 0 });
}

const nameMax = 64;
const textMax = 2_000;

/** `POST /admin/scores`: what somebody thinks of a call, as a number or a word. It is one entry of the record, and never changed. */
export async function scoreAnswer(bodyText: string, control: Asking & Pick<Control, 'score'>): Promise<Answer> {
  const fields = readFields(bodyText, { id: 'text', name: 'text', value: 'number', label: 'text', source: 'text', comment: 'text' });
  if (isGatewayError(fields)) return fields;
  const [id, name, value, label] = [fields.text('id'), fields.text('name'), fields.number('value'), fields.text('label')];
  if (id === null || name === null) return gatewayError('invalid_request', 'A score has the "id" of a call and a "name".');
  if ((value === null) === (label === null))
    return gatewayError('invalid_request', 'A score has either a "value" (a number) or a "label" (a word).');
  const [source, comment] = [fields.text('source'), fields.text('comment')];
  if (name.length > nameMax || [label, source, comment].some((text) => (text?.length ?? 0) > textMax))
    return gatewayError('invalid_request', `A score's name has at most ${nameMax} characters, its texts ${textMax}.`);
  try {
    const whole = await control.askRecord({ ask: 'id', named: id });
    if (whole === null) return gatewayError('not_found', `No call that has ended has the id ${JSON.stringify(id.slice(0, 80))}.`);
    const score = { id: whole, name, value, label, source, comment };
    await control.score(score);
    return jsonResponse(score);
  } catch (error) {
    return unavailable(error);
  }
}

async function asked(control: Asking, question: Question, missing?: () => GatewayError): Promise<Answer> {
  try {
    const answer = await control.askRecord(question);
    return answer === null && missing ? missing() : jsonResponse(answer ?? {});
  } catch (error) {
    return unavailable(error);
  }
}

function unavailable(error: unknown): GatewayError {
  if (error instanceof QuestionTooLong) return gatewayError('invalid_request', `The question takes too long: ${error.message}.`);
  if (!(error instanceof RecordUnavailable)) throw error;
  return gatewayError('record_unavailable', 'The record cannot be read or written now.', { retryAfterMs: 5_000 });
}

/** The filter of a query; a word that means nothing is an error, since whoever misspells one would get all calls. */
function filterOf(query: Query, others: readonly string[]): RecordFilter | GatewayError {
  const known = [...TERM_COLUMNS, 'since', 'until', ...others];
  for (const name of query.keys()) if (!known.includes(name)) return unknownName(name, known, { what: 'filter' });
  const numbers = numbersIn(query, ['since', 'until']);
  if (isGatewayError(numbers)) return numbers;
  const values = TERM_COLUMNS.flatMap((column) => {
    const value = query.get(column);
    return value === undefined ? [] : [[column, value] as const];
  });
  return { ...Object.fromEntries(values), ...Object.fromEntries(numbers) };
}

/** The whole numbers of a query that are there. */
function numbersIn(query: Query, names: readonly string[]): ReadonlyMap<string, number> | GatewayError {
  const numbers = new Map<string, number>();
  for (const name of names) {
    const text = query.get(name);
    if (text === undefined) continue;
    if (!/^\d{1,15}$/.test(text)) return gatewayError('invalid_request', `"${name}" must be a whole number of 0 or more.`, { param: name });
    numbers.set(name, Number(text));
  }
  return numbers;
}

function isCostKey(by: string): by is CostKey {
  return by === 'day' || Object.hasOwn(COST_KEYS, by);
}
