import { hash } from 'node:crypto';

/** Where the chain of a log stands: the last entry and its hash. Before the first entry `seq` is 0. */
export interface Head {
  readonly seq: number;
  /** Lower-case hex. */
  readonly hash: string;
}

/** Bytes of a hash, and of the length that stands before an entry's bytes. */
export const hashBytes = 32;
export const lengthBytes = 4;

/** `h(0)`: binds the chain to its log (docs/record-format.md). */
export function firstHash(logId: string): Buffer {
  return hash('sha256', `gatehouse log 1\n${logId}`, 'buffer');
}

/** `h(n)` of the entry before and the bytes of this one. */
export function nextHash(before: Uint8Array, bytes: Uint8Array): Buffer {
  const text = Buffer.allocUnsafe(hashBytes + lengthBytes + bytes.length);
  text.set(before);
  text.writeUInt32BE(bytes.length, hashBytes);
  text.set(bytes, hashBytes + lengthBytes);
  return hash('sha256', text, 'buffer');
}
