import { spentBy } from '#core/cost/cost.ts';
import type { Spent } from '#core/cost/cost.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { ReplyAsked } from '#core/judge/judge-reply.ts';
import type { TargetId } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { Usage } from '#core/reply/event.ts';
import { readingClause } from '#core/routing/exhaust.ts';
import { reasonLine } from '#core/routing/explain.ts';
import { roundMs } from '#core/units/round-ms.ts';
import type { EgressPermit } from '#egress/port.ts';
import { RunningAttempt } from '#gateway/attempt.ts';
import type { AttemptReport, AttemptSpec } from '#gateway/attempt.ts';
import type { House } from '#gateway/house.ts';
import type { SlotLease } from '#gateway/ports.ts';
import { mintPermit } from '#gateway/permit.ts';
import { ReleasedReply } from '#gateway/released-reply.ts';
import type { GatewayRequest, Journey } from '#gateway/request.ts';
import { dialectOf } from '#upstreams/dialect-of.ts';

/** How a call went: the report, and what of the reply reached the caller; or why nobody was dialled. */
export type Called =
  | {
      readonly type: 'attempt';
      readonly report: AttemptReport;
      readonly released: ReleasedReply;
      readonly startedAt: number;
      /** Its share of the machine's time; null if nothing was sent. */
      readonly busyMs: number | null;
      readonly spent: Spent;
      readonly changes: readonly string[];
      /** The policy whose permit it was dialled with. */
      readonly policyHash: string;
    }
  | { readonly type: 'lost_race' }
  | { readonly type: 'limited'; readonly retryAfterMs: number | null }
  | { readonly type: 'not_permitted' };

/** Stage 6: one try at one target. The reply's events reach the caller as they come, under the commit rule. */
export async function call(house: House, journey: Journey, dial: { readonly target: TargetId; readonly fresh: boolean }): Promise<Called> {
  for (;;) {
    const called = await tryOnce(house, journey, dial);
    // The policy changed between the minting of the permit and the dial, and nothing was sent: the one in force now is asked for a permit.
    const outdated = called.type === 'attempt' && called.report.fault?.cause === 'no_permit' && called.policyHash !== house.tables().hash;
    if (!outdated) return called;
  }
}

async function tryOnce(house: House, journey: Journey, dial: { readonly target: TargetId; readonly fresh: boolean }): Promise<Called> {
  const { request } = journey;
  // The record of the intent must be durable before anything leaves the house.
  if (request.tables.targets.get(dial.target)?.location !== 'house') await journey.begun;
  const lease = await house.fleet.acquire(dial.target, request.order);
  if (lease === null) return { type: 'lost_race' };
  try {
    return await reserved(house, journey, { ...dial, lease });
  } catch (error) {
    // A slot is never lost to a fault of ours.
    lease.step({ type: 'not_started' });
    throw error;
  }
}

async function reserved(
  house: House,
  journey: Journey,
  dial: { readonly target: TargetId; readonly fresh: boolean; readonly lease: SlotLease },
): Promise<Called> {
  const { request } = journey;
  const reservation = await house.limits.reserve({
    principal: request.principal.id,
    target: dial.target,
    promptTokens: request.facts.promptTokens,
    outputTokens: request.facts.outputTokens,
  });
  if (!reservation.granted) {
    dial.lease.step({ type: 'not_started' });
    return { type: 'limited', retryAfterMs: reservation.retryAfterMs };
  }
  // Minted last: whatever the policy became while something was awaited, it is the one in force that opens the door.
  const permit = mintPermit(house, request, dial.target);
  const called: Called = permit === null ? { type: 'not_permitted' } : await run(house, journey, { ...dial, permit });
  if (called.type !== 'attempt') dial.lease.step({ type: 'not_started' });
  const usage = called.type === 'attempt' ? called.report.judgement.usage : null;
  await reservation.settle({ inputTokens: usage?.input ?? null, outputTokens: usage?.output ?? null });
  return called;
}

async function run(
  house: House,
  journey: Journey,
  dial: { readonly target: TargetId; readonly fresh: boolean; readonly permit: EgressPermit; readonly lease: SlotLease },
): Promise<Extract<Called, { type: 'attempt' }>> {
  const { request } = journey;
  const upstream = upstreamOf(dial.target);
  const policy = house.tables().upstreams.get(upstream);
  const target = house.tables().targets.get(dial.target);
  const modelPolicy = policy?.models.find(({ name }) => name === target?.model);
  if (!policy || !target || !modelPolicy) throw new Error(`a permitted target is in the policy: ${dial.target}`);
  const kind = house.kindOf(policy.kind);
  const dialect = dialectOf(kind, request.facts.service);
  const stream = request.asked.stream || (request.surface.wholeOnly !== true && (policy.assemble ?? !kind.honoursAbort));
  const prepared = kind.prepare({
    service: request.facts.service,
    model: target.model,
    modelPolicy,
    chat: request.asked.chat ?? null,
    bodyText: request.asked.bodyText,
    body: request.asked.body,
    spans: request.asked.spans,
    stream,
    why: whyChosen(journey),
    houseOnly: tierRank(request.facts.tier) === 0,
    outputTokensMax: target.context === null ? null : Math.max(1, target.context - request.facts.promptTokens),
  });
  const spec: AttemptSpec = {
    kind,
    dialect,
    prepared,
    permit: dial.permit,
    clocks: policy.clocks,
    stream,
    choices: request.asked.choices,
    asked: replyAsked(request),
    held: isHeld(request),
    fresh: dial.fresh,
    lease: dial.lease,
    medianMs: () => house.fleet.medianAnswerMs(dial.target),
    loading: () => house.fleet.healthOf(upstream)?.state === 'loading' || house.fleet.isCold(dial.target),
  };
  house.fleet.noteRequest(upstream, dial.fresh);
  const startedAt = house.clock.now();
  const endBusy = house.busy.begin(policy.slotsOf, startedAt);
  const attempt = new RunningAttempt(spec, house);
  const released = new ReleasedReply(attempt, journey, { target: dial.target, upstreamModel: target.model, dialect, house });
  // Whoever left while something was awaited is not there to take itself off this reply.
  if (request.responder.gone) journey.stopReply();
  const report = await attempt.done;
  released.stop();
  const share = endBusy(house.clock.now());
  const busyMs = report.attempt.sentAt === null ? null : roundMs(share);
  const perKwhNano = house.tables().policy.cost?.perKwhNano ?? null;
  const spent = spentBy({ usage: usageOf(report, request), busyMs }, { price: modelPolicy.price, watts: policy.watts ?? null, perKwhNano });
  return { type: 'attempt', report, released, startedAt, busyMs, spent, changes: prepared.changes, policyHash: dial.permit.policyHash };
}

/** What is paid for: where the server did not count but has begun to answer, at least the prompt. */
function usageOf({ judgement, attempt }: AttemptReport, { facts }: GatewayRequest): Usage | null {
  if (judgement.usage !== null || attempt.firstTokenAt === null) return judgement.usage;
  return { input: facts.promptTokens, output: null, cachedInput: null, reasoning: null };
}

/** What the judge holds the reply to. Text that is released as it comes cannot be taken back, so nothing is asked of its whole. */
function replyAsked(request: GatewayRequest): ReplyAsked {
  const { asked } = request;
  return { answers: asked.answers ?? null, vectorLength: asked.vectorLength ?? null, json: isHeld(request) && asked.jsonOnly === true };
}

function isHeld({ asked, profile }: GatewayRequest): boolean {
  return !asked.stream || profile.commit === 'end';
}

/** `words:coding`, and who was passed over on the way here. */
function whyChosen({ request, events }: Journey): string {
  const passed = events.flatMap((event) =>
    event.type === 'observed'
      ? event.readings.filter((reading) => reading.state !== 'free').map(readingClause)
      : event.type === 'outcome'
        ? [event.outcome.message]
        : [],
  );
  return [reasonLine(request.decision), ...passed].join('; ');
}
