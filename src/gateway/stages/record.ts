import type { Intent, Terminal } from '#core/record/record.ts';
import type { Usage } from '#core/reply/event.ts';
import type { House } from '../house.ts';
import type { Ending, GatewayRequest, Journey } from '../request.ts';

/** Stage 8, first half: the intent, before anybody is dialled. */
export function intentOf(request: GatewayRequest, at: number): Intent {
  return {
    id: request.id,
    at,
    surface: request.surface.name,
    principal: request.principal.id,
    task: request.task,
    facts: request.facts,
    policyHash: request.tables.hash,
    decision: request.decision,
  };
}

/** Stage 8, second half: the terminal, before the end of the answer goes out. Resolves once it is durable. */
export async function record(house: House, request: GatewayRequest, journey: Journey | null, ending: Ending): Promise<void> {
  const now = house.clock.now();
  const firstByteAt = request.responder.firstByteAt;
  const terminal: Terminal = {
    id: request.id,
    at: house.clock.wallNow(),
    durationMs: now - request.arrivedAt,
    walks: journey === null ? [] : [...journey.walks, journey.events],
    attempts: journey?.attempts ?? [],
    result: ending.result,
    verdict: ending.verdict,
    status: ending.status,
    code: ending.code,
    message: ending.message,
    servedBy: ending.servedBy,
    firstByteMs: firstByteAt === null ? null : firstByteAt - request.arrivedAt,
    usage: ending.usage ?? (ending.result === 'ok' && ending.servedBy !== null ? estimated(request) : null),
    usageEstimated: ending.usage === null && ending.result === 'ok' && ending.servedBy !== null,
  };
  await house.record.end(terminal);
  house.watch.tell({ type: 'request', intent: intentOf(request, terminal.at - terminal.durationMs), terminal });
}

/** Where the server did not count, the prompt is our own estimate and the output is not known. */
function estimated(request: GatewayRequest): Usage {
  return { input: request.facts.promptTokens, output: null, cachedInput: null, reasoning: null };
}
