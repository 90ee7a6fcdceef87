import { errorRow, gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Outcome } from '#core/routing/outcome.ts';
import { exhaustedError } from '#core/routing/exhaust.ts';
import type { AttemptReport } from '#gateway/attempt.ts';
import { saidInStream, saidOf } from '#gateway/capture.ts';
import type { House } from '#gateway/house.ts';
import type { ReleasedReply } from '#gateway/released-reply.ts';
import type { Ending, GatewayRequest, Journey } from '#gateway/request.ts';
import type { Responder } from '#gateway/responder.ts';
import { record } from './record.ts';

/** The reply that a walk ended with. */
export interface Answered {
  readonly outcome: Outcome;
  readonly report: AttemptReport;
  readonly released: ReleasedReply;
}

/** Stage 9: the rest of a good reply, once its record is durable. */
export async function respondAnswer(house: House, journey: Journey, answered: Answered): Promise<void> {
  const { request } = journey;
  const { outcome, report, released } = answered;
  const served = { verdict: report.verdict, servedBy: outcome.target, usage: report.judgement.usage };
  const ending = { result: 'ok', status: 200, code: null, message: null, ...served } as const;
  if (request.asked.stream) {
    await record(house, request, journey, { ...ending, said: saidInStream(request, released.rest) });
    request.responder.finishStream(released.finish().terminated);
  } else {
    const body = wholeBody(request, released, report);
    await record(house, request, journey, { ...ending, said: saidOf(request.capture, body) });
    request.responder.describe(servedBy(outcome.target, request, journey));
    request.responder.whole(body);
  }
}

/** A whole answer: the body as it came, or put together from a stream. */
function wholeBody(request: GatewayRequest, released: ReleasedReply, report: AttemptReport): Uint8Array {
  const [first] = released.events;
  if (report.streamed || released.translated || !first) return request.surface.assemble(released.events);
  return request.surface.asAsked?.(first.raw, request.asked) ?? first.raw;
}

function servedBy(target: string, request: GatewayRequest, journey: Journey): Record<string, string> {
  const slash = target.indexOf('/');
  return {
    upstream: target.slice(0, slash),
    model: request.tables.targets.get(target)?.model ?? target.slice(slash + 1),
    attempts: String(journey.attempts.length),
  };
}

/** Stage 9 for a walk without a good answer: the profile's reply, or the error that explains it, in band if the head is out. */
export async function respondExhausted(house: House, journey: Journey): Promise<void> {
  const { request, plan, step, events } = journey;
  const settled = step.walk.settled;
  if (request.responder.gone || settled?.result === 'cancelled') return respondCancelled(house, request, journey);
  request.responder.describe({ attempts: String(journey.attempts.length) });
  if (settled) {
    const error = gatewayError(settled.code ?? 'internal', `${plan.label}: ${settled.message}.`);
    return respondError(house, request, journey, { error, broken: settled.result === 'broken' });
  }
  const reply = ownReply(house, journey);
  if (reply !== null) return respondSynthetic(house, journey, reply);
  return respondError(house, request, journey, { error: exhaustedError(plan, step.walk, { facts: request.facts, events }), broken: false });
}

/** Stage 9 for a refusal: recorded, then told. */
export async function respondError(
  house: House,
  request: GatewayRequest,
  journey: Journey | null,
  { error, broken }: { readonly error: GatewayError; readonly broken: boolean },
): Promise<void> {
  const last = journey?.attempts.at(-1) ?? null;
  // A head that went out while the terminal is written would make its status a lie.
  if (!request.responder.headOut) request.responder.settle();
  const ending: Ending = {
    result: broken ? 'failed' : 'refused',
    status: request.responder.headOut ? 200 : errorRow(error).status,
    code: error.code,
    message: error.message,
    verdict: last?.verdict ?? null,
    servedBy: broken ? (last?.target ?? null) : null,
    usage: last?.usage ?? null,
  };
  await record(house, request, journey, ending);
  request.responder.fail(error);
}

/** The profile's own reply, spelled like a model's; null if it has none, or the API no place for one. */
function ownReply(house: House, { request, plan }: Journey): string | null {
  if (plan.exhausted.type !== 'reply') return null;
  return request.surface.syntheticReply({
    text: JSON.stringify(plan.exhausted.json),
    model: request.facts.model,
    id: request.responder.requestId,
    stream: request.asked.stream,
    createdAt: house.clock.wallNow(),
  });
}

async function respondSynthetic(house: House, journey: Journey, body: string): Promise<void> {
  const { request } = journey;
  const said = saidOf(request.capture, new TextEncoder().encode(body));
  await record(house, request, journey, {
    result: 'ok',
    status: 200,
    code: null,
    message: null,
    verdict: 'synthetic',
    servedBy: null,
    usage: null,
    said: said && request.asked.stream ? { ...said, streamOf: request.surface.name } : said,
  });
  request.responder.describe({ verdict: 'synthetic' });
  if (request.asked.stream) request.responder.streamed(body);
  else request.responder.whole(body);
}

/** The caller left or was cut: nothing can be told any more, but the record is kept, and says which. */
async function respondCancelled(house: House, request: GatewayRequest, journey: Journey | null): Promise<void> {
  const last = journey?.attempts.at(-1) ?? null;
  await record(house, request, journey, {
    ...leaving(request.responder),
    verdict: last?.verdict ?? null,
    servedBy: null,
    usage: last?.usage ?? null,
  });
}

function leaving({ cutWhy, headOut }: Responder): Pick<Ending, 'result' | 'status' | 'code' | 'message'> {
  if (cutWhy === null) return { result: 'cancelled', status: 499, code: null, message: 'the caller left' };
  const status = headOut ? 200 : errorRow(cutWhy).status;
  return { result: headOut ? 'failed' : 'refused', status, code: cutWhy.code, message: cutWhy.message };
}
