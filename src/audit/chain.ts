import { createPublicKey, hash, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** SHA-256 of parts, one behind the other. In one call: many short texts are hashed, and a stream for each costs more than the hash. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return hash('sha256', parts.length === 1 && only !== undefined ? only : Buffer.concat(parts), 'buffer');
}

/** `h(0)` of a log. */
export function firstHash(log: string): Uint8Array {
  return sha256(Buffer.from(`gatehouse log 1\n${log}`));
}

/** `h(n)` from `h(n-1)` and the bytes of entry n. */
export function nextHash(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return sha256(before, length, bytes);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** A public key from its base64 (SPKI) or from PEM text; null if it is neither, or not Ed25519. */
export function publicKeyFrom(text: string): KeyObject | null {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text.trim(), 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

/** The base64 by which a file names a key. */
export function keyText(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64');
}

/** What a checkpoint or prune entry signs. */
export interface Signed {
  readonly what: 'checkpoint' | 'prune';
  readonly log: string;
  /** `through` of a checkpoint, `before` of a prune. */
  readonly seq: number;
  readonly head: string;
  readonly at: number;
}

/** Whether a signature, in base64 as the writer spells it, belongs to what it claims. */
export function holds(signed: Signed, signature: string, key: KeyObject): boolean {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.toString('base64') !== signature) return false;
  const text = `gatehouse ${signed.what} 1\n${signed.log}\n${signed.seq}\n${signed.head}\n${signed.at}\n`;
  return verify(null, Buffer.from(text), key, bytes);
}
