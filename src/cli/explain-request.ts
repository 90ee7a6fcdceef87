import { createHash } from 'node:crypto';
import { explainRequest } from '#control/explain-request.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Explanation } from '#core/routing/explain.ts';
import { parseSize } from '#core/units/parse-size.ts';
import { surfaces } from '#surfaces/registry.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { readInput } from './read-input.ts';

/** What `gatehouse explain` was asked, as written. */
export interface ExplainOptions {
  readonly file?: string;
  readonly image?: true;
  readonly tools?: true;
  readonly tokens?: string;
  readonly profile?: string;
  readonly route?: string;
  readonly model?: string;
  readonly tier?: string;
  readonly busy?: readonly string[];
  readonly down?: readonly string[];
  readonly drain?: readonly string[];
  readonly live?: true;
  readonly policy?: string;
  readonly data?: string;
  readonly json?: true;
}

/** The smallest image there is, and a tool nobody calls: what matters is that they are there. */
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
const tool = { type: 'function', function: { name: 'tool', parameters: { type: 'object', properties: {} } } };

/** Explains a request on the policy alone, with a fleet that is idle but for what the options suppose. */
export function explainOffline(bodyText: string, options: ExplainOptions, tables: PolicyTables): Explanation | GatewayError {
  const surface = surfaces.find((one) => one.service === 'chat');
  if (!surface) throw new Error('no surface serves chat');
  const read = surface.read(bodyText);
  if (isGatewayError(read)) return read;
  const asked = options.tokens === undefined ? read : { ...read, promptTokens: tokensOf(options.tokens) };
  const question = {
    asked,
    profile: options.profile ?? null,
    route: options.route ?? null,
    tier: options.tier ?? null,
    busy: options.busy ?? [],
    down: options.down ?? [],
    drain: options.drain ?? [],
  };
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  return explainRequest(question, { tables, surface, digest, live: null });
}

/** What the running house is asked to explain; see its `/admin/explain`. */
export function liveQuestion(text: string | undefined, options: ExplainOptions): Readonly<Record<string, unknown>> {
  const { profile, route, tier, busy, down, drain } = options;
  const asked = { profile, route, tier, busy, down, drain, live: true };
  if (options.file === undefined && options.model === undefined) {
    const tokens = options.tokens === undefined ? undefined : tokensOf(options.tokens);
    return { ...asked, text: questionOf(text, options), image: options.image, tools: options.tools, tokens };
  }
  if (options.tokens !== undefined) throw new CliStop(exitCodes.invalid, '--tokens goes with a text alone when the running house is asked');
  return { ...asked, request: JSON.parse(explainedBody(text, options)) };
}

/** The body of the request that is explained: the file, or a chat request made of the text and the options. */
export function explainedBody(text: string | undefined, options: ExplainOptions): string {
  const question = questionOf(text, options);
  const written = options.file === undefined ? null : readInput(options.file);
  const plain = options.image === undefined && options.tools === undefined && options.model === undefined;
  // As it stands, so that what is wrong with it is found.
  if (written !== null && plain) return written;
  const body = written === null ? { messages: [{ role: 'user', content: question }] } : objectOf(written, options.file ?? '');
  const messages: unknown = body['messages'];
  const withImage: unknown =
    options.image === true ? [...(Array.isArray(messages) ? (messages as unknown[]) : []), { role: 'user', content: [image] }] : messages;
  return JSON.stringify({
    ...body,
    model: options.model ?? body['model'] ?? 'auto',
    messages: withImage,
    ...(options.tools === true ? { tools: [tool] } : {}),
  });
}

function questionOf(text: string | undefined, options: ExplainOptions): string {
  if ((text === undefined) === (options.file === undefined))
    throw new CliStop(exitCodes.invalid, 'explain what? Give a text, or --file <request.json>');
  return text ?? '';
}

function objectOf(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.fromEntries(Object.entries(value));
  } catch {
    // Said below.
  }
  throw new CliStop(exitCodes.invalid, `${file} is not a JSON object, so nothing can be added to it`);
}

function tokensOf(text: string): number {
  const parsed = parseSize(text);
  if ('problem' in parsed) throw new CliStop(exitCodes.invalid, `--tokens: ${parsed.problem}`);
  return parsed.value;
}
