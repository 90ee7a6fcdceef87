import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { reasonLine } from '#core/routing/explain.ts';
import type { Principal } from '#core/record/record.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import { beginWalk } from '#core/routing/walk.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Said } from '#store/ports.ts';
import type { Surface } from '#surfaces/kind.ts';
import { captureOf, saidOf } from './capture.ts';
import type { House } from './house.ts';
import type { Incoming } from './ports.ts';
import type { CallHead, GatewayRequest, Journey } from './request.ts';
import { Responder } from './responder.ts';
import { admit, move, queue } from './stages/admit.ts';
import { call } from './stages/call.ts';
import { classify } from './stages/classify.ts';
import { identify } from './stages/identify.ts';
import { judge } from './stages/judge.ts';
import { plan } from './stages/plan.ts';
import { receive } from './stages/receive.ts';
import type { Received } from './stages/receive.ts';
import { intentOf, record, recordUnread } from './stages/record.ts';
import { respondAnswer, respondError, respondExhausted } from './stages/respond.ts';
import type { Answered } from './stages/respond.ts';

/** A request from somebody who is known: the door asked before it let a byte of the body in. */
export interface Call {
  readonly incoming: Incoming;
  readonly principal: Principal;
}

/**
 * One request through the nine stages: receive → identify → classify → plan → admit → call → judge → record → respond. `judge` may
 * send it back to `admit` with the next candidate; nothing else goes backwards. Every call leaves a record, whatever becomes of it.
 */
export async function handle(house: House, surface: Surface, { incoming, principal }: Call): Promise<void> {
  const responder = new Responder(surface, incoming.client, { clock: house.clock, requestId: incoming.requestId });
  const tables = house.tables();
  const received = receive(incoming.headers, house.closing());
  const task = isGatewayError(received) ? null : received.task;
  const head: CallHead = { arrivedAt: incoming.arrivedAt, surface, responder, principal, task, tables };
  await guarded(responder, () =>
    isGatewayError(received) ? refuseRecorded(house, head, received) : identified(house, head, { received, incoming }),
  );
}

async function identified(
  house: House,
  head: CallHead,
  { received, incoming }: { readonly received: Received; readonly incoming: Incoming },
): Promise<void> {
  const { responder, surface, tables } = head;
  const caller = identify(head.principal, received, tables);
  if (isGatewayError(caller)) return refuseRecorded(house, head, caller);
  const classified = await classify(surface, incoming, { received, identified: caller, tables, digest: house.digest, clock: house.clock });
  if (classified === null) return recordUnread(house, head, null);
  if (isGatewayError(classified)) return refuseRecorded(house, head, classified);
  const { asked, facts, bytes } = classified;
  const capture = captureOf(caller.profile, facts.tier);
  const decision = plan(house, facts, { tables, asked });
  responder.describe({ route: decision.route, reason: reasonLine(decision), tier: facts.tier, policy: tables.hash.slice(0, 12) });
  const request = { ...head, order: house.nextOrder(), profile: caller.profile, asked, facts, decision, capture };
  await journeyOf(house, request, { incoming, said: saidOf(capture, bytes) });
}

/** The record's failure is an answer of its own: without it nothing more is promised or sent. */
async function guarded(responder: Responder, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof RecordUnavailable)) {
      responder.fail(gatewayError('internal', 'The gatehouse failed on this request.'));
      throw error;
    }
    responder.fail(
      gatewayError('record_unavailable', 'The record cannot be written now, so nothing is answered.', { retryAfterMs: 5_000 }),
    );
  }
}

async function journeyOf(
  house: House,
  request: GatewayRequest,
  { incoming, said }: { readonly incoming: Incoming; readonly said: Said | undefined },
): Promise<void> {
  const { decision, responder } = request;
  const begun = house.record.begin(intentOf(request, house.clock.wallNow(), request), said, { patient: mayBeginWithItsEnd(request) });
  // It is awaited where something depends on it; a rejection that nobody awaits yet must not be an unhandled one.
  begun.catch(() => {});
  if (decision.refusal !== null || decision.plan === null) {
    return respondError(house, request, null, { error: decision.refusal ?? gatewayError('internal', 'There is no plan.'), broken: false });
  }
  const nothing = (): void => {};
  const journey: Journey = {
    request,
    plan: decision.plan,
    begun,
    step: beginWalk(decision.plan),
    events: [],
    walks: [],
    walkBeganAt: house.clock.now(),
    attempts: [],
    stopWaiting: nothing,
    stopReply: nothing,
    drained: nothing,
  };
  incoming.client.onGone(() => {
    journey.stopWaiting();
    if (!responder.done) journey.stopReply();
  });
  if (request.asked.stream) {
    if (request.capture !== 'none') responder.remember();
    incoming.client.onDrained(() => journey.drained());
    // Not even a keep-alive goes out before the intent is durable.
    begun.then(() => responder.startStream(headAtMs(house, request)), nothing);
  }
  const leave = house.active.add({
    principal: request.principal,
    label: `${journey.plan.label} for ${request.principal.id}`,
    since: request.arrivedAt,
    cut: () => responder.cut(gatewayError('key_unknown', 'The key was revoked while it was answered; the connection was cut.')),
  });
  try {
    await travel(house, journey);
  } finally {
    leave();
  }
}

/** Whether the start may become durable together with the end: nothing goes out before that, neither to a cloud nor to the caller. */
function mayBeginWithItsEnd({ asked, decision, tables }: GatewayRequest): boolean {
  if (decision.plan === null) return true;
  return !asked.stream && candidatesOf(decision.plan).every(({ target }) => tables.targets.get(target)?.location === 'house');
}

/** How much longer a stream may be silent before its head goes out. */
function headAtMs(house: House, request: GatewayRequest): number {
  return Math.max(0, request.arrivedAt + request.profile.headAfterMs - house.clock.now());
}

async function travel(house: House, journey: Journey): Promise<void> {
  const { request } = journey;
  let answered: Answered | null;
  try {
    answered = await walk(house, journey);
  } catch (error) {
    if (error instanceof RecordUnavailable) throw error;
    journey.stopReply();
    await streamBegun(journey);
    // The caller is told by whoever hears of the error; what was done until then is recorded here.
    const ending = {
      status: request.responder.headOut ? 200 : 500,
      code: 'internal',
      message: 'the gatehouse failed',
      verdict: null,
      servedBy: null,
      usage: null,
    } as const;
    await record(house, request, journey, { ...ending, result: request.responder.headOut ? 'failed' : 'refused' });
    throw error;
  } finally {
    house.fleet.waiters.settle(request.order);
  }
  await streamBegun(journey);
  if (answered) return respondAnswer(house, journey, answered);
  return respondExhausted(house, journey);
}

/** A stream's start is durable before anything more is told. A whole answer waits for its end, which stands behind its start in the log. */
async function streamBegun({ begun, request }: Journey): Promise<void> {
  if (request.asked.stream) await begun;
}

/** Admit, call, judge, until there is an answer or nobody is left; for a profile that queues, again once somebody is free. */
async function walk(house: House, journey: Journey): Promise<Answered | null> {
  for (;;) {
    const admission = await admit(house, journey);
    if (admission.do === 'end') {
      if (await queue(house, journey)) continue;
      return null;
    }
    const called = await call(house, journey, admission);
    const outcome = judge(house, journey, admission, called);
    move(journey, { type: 'outcome', outcome });
    if (journey.step.walk.crashes >= 2) house.fleet.notePoison(house.digest(journey.request.asked.bodyText));
    if (called.type === 'attempt' && outcome.result === 'answered') return { outcome, report: called.report, released: called.released };
    if (journey.request.responder.gone) return null;
  }
}

/** A refusal of somebody known, before its request is understood. */
async function refuseRecorded(house: House, head: CallHead, error: GatewayError): Promise<void> {
  await recordUnread(house, head, error);
  head.responder.fail(error);
}
