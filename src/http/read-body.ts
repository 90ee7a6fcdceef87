import type { IncomingMessage } from 'node:http';
import type { Clock } from '#gateway/ports.ts';
import { smallBodyBytes } from './body-budget.ts';
import type { BodyBudget } from './body-budget.ts';

/** How reading a body ended: `left`: the caller went away; `slow`: it stood still, or took, too long; `full`: too many large bodies are held. */
export type BodyRead =
  | { readonly type: 'read'; readonly bytes: Uint8Array; readonly heldBytes: number }
  | { readonly type: 'too_large' | 'left' | 'slow' | 'full' };

export interface BodyOptions {
  readonly bytesMax: number;
  /** How long it may stand still. */
  readonly idleMs: number;
  /** When all of it must be there, however it comes; monotonic milliseconds. */
  readonly endsAt: number;
  readonly clock: Clock;
  readonly budget: BodyBudget;
}

/** What a request says of its body: its length, null if it is not known beforehand, 0 for none. */
export function declaredBytes(headers: {
  readonly 'transfer-encoding'?: string | undefined;
  readonly 'content-length'?: string | undefined;
}): number | null {
  if (headers['transfer-encoding'] !== undefined) return null;
  const length = headers['content-length'];
  return length === undefined ? 0 : Number(length);
}

/**
 * Reads a whole body, never more than `bytesMax`: one that says it is larger is not read at all. `heldBytes` of the budget belong
 * to a body that was read; everything else gives its room back itself.
 */
export function readBody(request: IncomingMessage, declared: number | null, options: BodyOptions): Promise<BodyRead> {
  const { bytesMax, budget } = options;
  if (declared !== null && declared > bytesMax) return Promise.resolve({ type: 'too_large' });
  if (declared === 0) return Promise.resolve({ type: 'read', bytes: new Uint8Array(0), heldBytes: 0 });
  if (request.destroyed) return Promise.resolve({ type: 'left' });
  let heldBytes = 0;
  const hold = (bytes: number): boolean => {
    if (heldBytes > 0 || bytes <= smallBodyBytes) return true;
    const wanted = declared ?? bytesMax;
    if (!budget.take(wanted)) return false;
    heldBytes = wanted;
    return true;
  };
  if (declared !== null && !hold(declared)) return Promise.resolve({ type: 'full' });
  const { promise, resolve } = Promise.withResolvers<BodyRead>();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const finish = (read: BodyRead): void => {
    cancelIdle();
    request.pause();
    request.off('data', onChunk).off('end', onEnd).off('close', onClose);
    if (read.type !== 'read' && heldBytes > 0) budget.give(heldBytes);
    resolve(read);
  };
  const onChunk = (chunk: Uint8Array): void => {
    length += chunk.byteLength;
    chunks.push(chunk);
    if (length > bytesMax) finish({ type: 'too_large' });
    else if (!hold(length)) finish({ type: 'full' });
  };
  const onEnd = (): void => finish({ type: 'read', bytes: joined(chunks, length), heldBytes });
  const onClose = (): void => finish({ type: 'left' });
  const cancelIdle = watchIdle(
    options,
    () => length,
    () => finish({ type: 'slow' }),
  );
  request.on('data', onChunk).on('end', onEnd).on('close', onClose);
  return promise;
}

/** Calls `stopped` once nothing has arrived between two looks, or the time is over. Returns how to end the watch. */
function watchIdle(
  { clock, idleMs, endsAt }: Pick<BodyOptions, 'clock' | 'idleMs' | 'endsAt'>,
  arrived: () => number,
  stopped: () => void,
): () => void {
  let before = 0;
  const look = (): void => {
    if (arrived() === before || clock.now() >= endsAt) return stopped();
    before = arrived();
    cancel = clock.after(waitMs(), look);
  };
  const waitMs = (): number => Math.max(0, Math.min(idleMs, endsAt - clock.now()));
  let cancel = clock.after(waitMs(), look);
  return () => cancel();
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  return chunks.length === 1 && first ? first : Buffer.concat(chunks, length);
}
