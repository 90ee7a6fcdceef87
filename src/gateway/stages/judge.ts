import { classifyEnd } from '#core/attempt/classify-end.ts';
import type { AttemptMeaning } from '#core/attempt/classify-end.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { AttemptRecord } from '#core/record/record.ts';
import type { Outcome } from '#core/routing/outcome.ts';
import type { AttemptReport } from '#gateway/attempt.ts';
import { roundMs } from '#core/units/round-ms.ts';
import type { House } from '#gateway/house.ts';
import { causeOf } from '#gateway/prober.ts';
import type { Journey } from '#gateway/request.ts';
import type { Called } from './call.ts';

/** Stage 7: what the attempt means for this request and for the fleet. */
export function judge(
  house: House,
  journey: Journey,
  dial: { readonly target: TargetId; readonly fresh: boolean },
  called: Called,
): Outcome {
  const upstream = upstreamOf(dial.target);
  const without = (result: Outcome['result'], message: string, retryAfterMs: number | null = null): Outcome => ({
    target: dial.target,
    result,
    code: null,
    message: `${upstream} ${message}`,
    retryAfterMs,
    retryAllowed: false,
  });
  if (called.type === 'lost_race') return without('busy', 'has no free slot');
  if (called.type === 'limited') return without('busy', 'is at its limit for this key', called.retryAfterMs);
  if (called.type === 'not_permitted') return without('unreachable', 'may not be dialled under the policy in force');
  const { report, released } = called;
  const meaning = classifyEnd({
    cancelled: report.abandoned,
    committed: released.committed,
    fault: report.fault,
    reused: report.reused,
    clock: report.clock,
    status: report.status,
    refusal: report.refusal,
    verdict: report.verdict,
    sinceSentMs: report.attempt.sentAt === null ? null : report.attempt.lastAt - report.attempt.sentAt,
  });
  journey.attempts.push(attemptRecord(journey, dial.target, called, meaning));
  learn(house, journey, dial.target, report, meaning);
  return {
    target: dial.target,
    result: meaning.result,
    code: meaning.code,
    message: `${upstream} ${meaning.clause}`,
    retryAfterMs: report.refusal?.retryAfterMs ?? null,
    retryAllowed: meaning.result === 'flaky' && house.fleet.mayRetry(upstream),
  };
}

/** Health learns from every attempt: reachability moves upstreams, answers move targets. */
function learn(house: House, journey: Journey, target: TargetId, report: AttemptReport, meaning: AttemptMeaning): void {
  const { fleet } = house;
  const upstream = upstreamOf(target);
  if (report.status !== null) fleet.noteHealth(upstream, { type: 'reached' });
  switch (meaning.result) {
    case 'answered':
      fleet.noteAnswered(target, report.attempt.lastAt - report.attempt.startedAt);
      return;
    case 'busy':
      fleet.noteBusy(target, report.refusal?.retryAfterMs ?? null);
      return;
    case 'loading':
      fleet.noteLoading(target, report.refusal?.retryAfterMs ?? null);
      return;
    case 'absent':
      fleet.noteAbsent(target);
      return;
    case 'unreachable':
      // Our own refusal to dial says nothing about the machine.
      if (report.fault?.cause !== 'no_permit')
        fleet.noteHealth(upstream, {
          type: 'unreachable',
          cause: report.fault === null ? 'it cannot be reached' : causeOf(report.fault),
          timeout: report.fault?.cause === 'connect_timeout',
        });
      return;
    case 'flaky':
    case 'failed':
    case 'crashed':
    case 'broken':
      if (meaning.code === 'upstream_unauthorised')
        house.watch.tell({ type: 'alarm', upstream, message: 'it refused our key: correct it in the policy' });
      // What a model cannot do is no sickness; else asking for it often enough would take it from everybody.
      else if (meaning.code !== 'upstream_not_as_asked')
        fleet.noteComplaint(
          target,
          {
            principal: journey.request.principal.id,
            bodyHash: house.digest(journey.request.asked.bodyText),
            startedAt: report.attempt.startedAt,
          },
          meaning.clause,
        );
      return;
    case 'cancelled':
    case 'rejected':
    case 'too_long':
      return;
  }
}

function attemptRecord(
  journey: Journey,
  target: TargetId,
  called: Extract<Called, { type: 'attempt' }>,
  meaning: AttemptMeaning,
): AttemptRecord {
  const { report, startedAt, busyMs, spent } = called;
  const { attempt, judgement } = report;
  const after = (at: number | null): number | null => (at === null ? null : roundMs(at - startedAt));
  return {
    target,
    startedMs: roundMs(startedAt - journey.request.arrivedAt),
    address: report.address,
    reused: report.reused,
    sentMs: after(attempt.sentAt),
    headMs: after(attempt.headAt),
    firstTokenMs: after(attempt.firstTokenAt),
    endMs: roundMs(attempt.lastAt - startedAt),
    status: report.status,
    result: meaning.result,
    verdict: report.verdict,
    model: judgement.model,
    usage: judgement.usage,
    busyMs,
    ...spent,
    bytes: report.bytes,
    detail: report.refusal?.message ?? report.fault?.message ?? judgement.error?.message ?? null,
    changes: called.changes,
  };
}
