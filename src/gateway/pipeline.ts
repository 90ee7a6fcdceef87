import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { reasonLine } from '#core/routing/explain.ts';
import { beginWalk } from '#core/routing/walk.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Surface } from '#surfaces/kind.ts';
import type { House } from './house.ts';
import type { Incoming } from './ports.ts';
import type { GatewayRequest, Journey } from './request.ts';
import { Responder } from './responder.ts';
import { admit, move, queue } from './stages/admit.ts';
import { call } from './stages/call.ts';
import { classify } from './stages/classify.ts';
import { identify } from './stages/identify.ts';
import { judge } from './stages/judge.ts';
import { plan } from './stages/plan.ts';
import { receive } from './stages/receive.ts';
import { intentOf } from './stages/record.ts';
import { respondAnswer, respondError, respondExhausted } from './stages/respond.ts';
import type { Answered } from './stages/respond.ts';

/**
 * One request through the nine stages: receive → identify → classify → plan → admit → call → judge → record → respond. `judge` may
 * send it back to `admit` with the next candidate; nothing else goes backwards.
 */
export async function handle(house: House, surface: Surface, incoming: Incoming): Promise<void> {
  const responder = new Responder(surface, incoming.client, { clock: house.clock, requestId: house.ids.requestId() });
  const tables = house.tables();
  const received = receive(incoming.headers, house.closing());
  if (isGatewayError(received)) return refuse(house, responder, received);
  const identified = identify(house.identify(incoming.headers), received, tables);
  if (isGatewayError(identified)) return refuse(house, responder, identified);
  const classified = await classify(surface, incoming, { received, identified, tables, digest: house.digest });
  if (classified === null) return;
  if (isGatewayError(classified)) return refuse(house, responder, classified);
  const { asked, facts } = classified;
  const decision = plan(house, facts, { tables, asked });
  const request: GatewayRequest = {
    id: responder.requestId,
    order: house.nextOrder(),
    arrivedAt: incoming.arrivedAt,
    surface,
    responder,
    principal: identified.principal,
    profile: identified.profile,
    asked,
    facts,
    task: received.task,
    tables,
    decision,
  };
  responder.describe({ route: decision.route, reason: reasonLine(decision), tier: facts.tier, policy: tables.hash.slice(0, 12) });
  await guarded(house, request, incoming);
}

/** The record's failure is an answer of its own: without it nothing more is promised or sent. */
async function guarded(house: House, request: GatewayRequest, incoming: Incoming): Promise<void> {
  try {
    await journeyOf(house, request, incoming);
  } catch (error) {
    if (!(error instanceof RecordUnavailable)) throw error;
    request.responder.fail(gatewayError('record_unavailable', 'The record cannot be written now, so nothing is answered.', { retryAfterMs: 5_000 }));
  }
}

async function journeyOf(house: House, request: GatewayRequest, incoming: Incoming): Promise<void> {
  const { decision, responder } = request;
  const begun = house.record.begin(intentOf(request, house.clock.wallNow()));
  // It is awaited where something depends on it; a rejection that nobody awaits yet must not be an unhandled one.
  begun.catch(() => {});
  if (decision.refusal !== null || decision.plan === null) {
    await begun;
    return respondError(house, request, null, { error: decision.refusal ?? gatewayError('internal', 'There is no plan.'), broken: false });
  }
  const nothing = (): void => {};
  const journey: Journey = { request, plan: decision.plan, begun, step: beginWalk(decision.plan), events: [], walks: [], attempts: [], stopWaiting: nothing, stopReply: nothing, drained: nothing };
  incoming.client.onGone(() => {
    journey.stopWaiting();
    if (!responder.done) journey.stopReply();
  });
  incoming.client.onDrained(() => journey.drained());
  if (request.asked.stream) responder.startStream(request.profile.headAfterMs);
  const answered = await walk(house, journey);
  await begun;
  house.fleet.waiters.settle(request.order);
  if (answered) return respondAnswer(house, journey, answered);
  return respondExhausted(house, journey);
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

/** A refusal before the caller is known or its request is understood: counted, not recorded one by one. */
function refuse(house: House, responder: Responder, error: GatewayError): void {
  house.watch.tell({ type: 'refused', code: error.code });
  responder.fail(error);
}

