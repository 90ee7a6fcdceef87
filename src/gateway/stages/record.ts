import { nothingSpent, priceOfUsage, spentTogether } from '#core/cost/cost.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { errorRow } from '#core/errors/gateway-error.ts';
import type { TargetId } from '#core/policy/policy.ts';
import type { Intent, Terminal } from '#core/record/record.ts';
import type { Usage } from '#core/reply/event.ts';
import { roundMs } from '#core/units/round-ms.ts';
import { saidInStream } from '#gateway/capture.ts';
import type { House } from '#gateway/house.ts';
import type { CallHead, Ending, GatewayRequest, Journey } from '#gateway/request.ts';
import type { Said } from '#store/ports.ts';

/** Stage 8, first half: the intent, before anybody is dialled. */
export function intentOf(head: CallHead, at: number, request: Pick<GatewayRequest, 'facts' | 'decision'> | null): Intent {
  return {
    id: head.responder.requestId,
    at,
    surface: head.surface.name,
    principal: head.principal.id,
    profile: head.principal.profile,
    task: head.task,
    session: request?.facts?.session ?? null,
    facts: request?.facts ?? null,
    policyHash: head.tables.hash,
    decision: request?.decision ?? null,
  };
}

/** Stage 8, second half: the terminal, before the end of the answer goes out. Resolves once it is durable. */
export async function record(house: House, request: GatewayRequest, journey: Journey | null, ending: Ending): Promise<void> {
  const served = ending.result === 'ok' && ending.servedBy !== null;
  const usage = ending.usage ?? (served ? estimated(request) : null);
  await keep(house, {
    intent: intentOf(request, house.clock.wallNow() - (house.clock.now() - request.arrivedAt), request),
    terminal: {
      ...emptyTerminal(house, request, ending),
      walks: journey === null ? [] : [...journey.walks, journey.events],
      attempts: journey?.attempts ?? [],
      verdict: ending.verdict,
      servedBy: ending.servedBy,
      usage,
      usageEstimated: served && ending.usage === null,
      ...spentTogether(journey?.attempts ?? []),
      compareNano: served ? comparedCost(request, ending.servedBy, usage) : null,
    },
    said: ending.said ?? saidInStream(request),
  });
}

/** The record of a call that could not be understood (`error`), or whose caller left before it was read (null). */
export async function recordUnread(house: House, head: CallHead, error: GatewayError | null): Promise<void> {
  const intent = intentOf(head, house.clock.wallNow(), null);
  // Its end follows at once: both become durable together, or neither does.
  house.record.begin(intent, undefined, { patient: true }).catch(() => {});
  const ending =
    error === null
      ? ({ result: 'cancelled', status: 499, code: null, message: 'the caller left' } as const)
      : ({ result: 'refused', status: errorRow(error).status, code: error.code, message: error.message } as const);
  await keep(house, { intent, terminal: emptyTerminal(house, head, ending) });
}

async function keep(
  house: House,
  { said, ...entry }: { readonly intent: Intent; readonly terminal: Terminal; readonly said?: Said | undefined },
): Promise<void> {
  await house.record.end(entry.terminal, said);
  house.watch.tell({ type: 'request', ...entry });
}

function emptyTerminal(house: House, head: CallHead, ending: Pick<Ending, 'result' | 'status' | 'code' | 'message'>): Terminal {
  const durationMs = roundMs(house.clock.now() - head.arrivedAt);
  const firstByteAt = head.responder.firstByteAt;
  return {
    id: head.responder.requestId,
    at: house.clock.wallNow(),
    durationMs,
    walks: [],
    attempts: [],
    result: ending.result,
    verdict: null,
    status: ending.status,
    code: ending.code,
    message: ending.message,
    servedBy: null,
    // A whole answer's first byte goes out right after this.
    firstByteMs: firstByteAt !== null ? roundMs(firstByteAt - head.arrivedAt) : ending.result === 'ok' ? durationMs : null,
    usage: null,
    usageEstimated: false,
    ...nothingSpent,
    compareNano: null,
  };
}

/** What an answer of the house would have cost elsewhere; null for an answer that came from there. */
function comparedCost({ tables }: GatewayRequest, servedBy: TargetId | null, usage: Usage | null): number | null {
  const price = tables.policy.cost?.compare ?? null;
  if (price === null || usage === null || servedBy === null || tables.targets.get(servedBy)?.location !== 'house') return null;
  return priceOfUsage(usage, price);
}

/** Where the server did not count, the prompt is our own estimate and the output is not known. */
function estimated(request: GatewayRequest): Usage {
  return { input: request.facts.promptTokens, output: null, cachedInput: null, reasoning: null };
}
