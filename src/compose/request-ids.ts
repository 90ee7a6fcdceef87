import { randomBytes } from 'node:crypto';
import type { Ids } from '#gateway/ports.ts';

const idBytes = 12;
/** Asking the system costs ten times what an id does, so it is asked for many at once. */
const idsAtOnce = 256;

/** Ids of requests: 96 random bits each, good enough that nobody can guess another's. */
export function requestIds(): Ids {
  let random = Buffer.alloc(0);
  let at = 0;
  return {
    requestId: () => {
      if (at === random.length) [random, at] = [randomBytes(idBytes * idsAtOnce), 0];
      at += idBytes;
      return `req_${random.toString('base64url', at - idBytes, at)}`;
    },
  };
}
