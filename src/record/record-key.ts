import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSecret } from './write-secret.ts';

const fileName = 'record-key.pem';

/** Signs for one log. */
export interface Signer {
  /** Ed25519, SPKI, base64: as in the log's `meta`. */
  readonly publicKey: string;
  /** Base64. */
  sign(text: string): string;
}

/** The key of the data folder; null if there is none. Throws what the file system says, or what is wrong with the key. */
export function readSigner(folder: string): Signer | null {
  try {
    return signerOf(createPrivateKey(readFileSync(join(folder, fileName), 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Makes a key for a new log, durable before it is used. */
export function makeSigner(folder: string): Signer {
  const { privateKey } = generateKeyPairSync('ed25519');
  writeSecret(join(folder, fileName), String(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  return signerOf(privateKey);
}

function signerOf(key: KeyObject): Signer {
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
  return { publicKey, sign: (text) => sign(null, Buffer.from(text), key).toString('base64') };
}

/** Whether the signature is that of the public key (base64 of its SPKI form) over the text. */
export function isSigned(text: string, signature: string, publicKey: string): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
}
