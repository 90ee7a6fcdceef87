import { randomBytes } from 'node:crypto';
import type { Ids } from '#gateway/ports.ts';

const timeBytes = 3;
const idBytes = timeBytes + 9;
/** Asking the system costs ten times what an id does, so it is asked for many at once. */
const idsAtOnce = 256;

/**
 * Ids of requests: 72 random bits each, good enough that nobody can guess another's. Those of one second begin alike, so that they lie
 * together in the record's index: wholly random ones would have it write another page for every call.
 *
 * @param wallNow milliseconds since 1970
 */
export function requestIds(wallNow: () => number): Ids {
  let random = Buffer.alloc(0);
  let at = 0;
  return {
    requestId: () => {
      if (at === random.length) [random, at] = [randomBytes(idBytes * idsAtOnce), 0];
      random.writeUIntBE(Math.floor(wallNow() / 1_000) % 2 ** (8 * timeBytes), at, timeBytes);
      at += idBytes;
      return `req_${random.toString('base64url', at - idBytes, at)}`;
    },
  };
}
