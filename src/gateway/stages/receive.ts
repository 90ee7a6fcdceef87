import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Incoming } from '#gateway/ports.ts';

/** What a caller says in headers of ours. */
export interface Received {
  readonly route: string | null;
  readonly tier: string | null;
  readonly task: string | null;
  readonly session: string | null;
}

const ours = 'x-gatehouse-';
const allowed = ['route', 'tier', 'task', 'session'];
/** Where clients that know sessions say which one it is. */
const sessionHeaders = ['x-session-id', 'session-id', 'thread-id', 'x-claude-code-session-id'];
const valueMax = 200;

/** Stage 1: the head of the request. Nobody is identified yet, so nothing of the body is read. */
export function receive(headers: Incoming['headers'], closing: boolean): Received | GatewayError {
  if (closing) return gatewayError('draining', 'The gatehouse is shutting down and takes no new work.', { retryAfterMs: 5_000 });
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(ours)) continue;
    if (!allowed.includes(name.slice(ours.length))) {
      return gatewayError(
        'invalid_request',
        `There is no header ${name.slice(0, 80)}; a caller may send ${allowed.map((word) => ours + word).join(', ')}.`,
      );
    }
    if ((headers[name] ?? '').length > valueMax)
      return gatewayError('invalid_request', `The header ${name} is longer than ${valueMax} characters.`);
  }
  const own = (word: string): string | null => nonEmpty(headers[ours + word]);
  const foreign = sessionHeaders.map((name) => nonEmpty(headers[name])).find((value) => value !== null) ?? null;
  return { route: own('route'), tier: own('tier'), task: own('task'), session: own('session') ?? foreign };
}

function nonEmpty(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
