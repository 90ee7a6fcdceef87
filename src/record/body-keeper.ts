import type { Said } from '#store/ports.ts';

/**
 * Keeps what was said. The writer calls it inside the transaction of the entry that the text belongs to, and puts what it answers, JSON,
 * into the entry as `body` or `reply`.
 */
export interface BodyKeeper {
  request(said: Said): string;
  reply(said: Said): string;
}
