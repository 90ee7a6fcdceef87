import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSecret } from './write-secret.ts';

const fileName = 'record-secret';
const shape = /^[0-9a-f]{64}\n?$/;

/**
 * The secret of a data folder under which equal texts are found, made if it is not there. A folder that lost it keeps the texts it has, and each once
 * more when it is said again. Throws what the file system says.
 */
export function bodiesSecret(folder: string, random: (bytes: number) => Uint8Array): Uint8Array {
  const path = join(folder, fileName);
  const text = readIfThere(path);
  if (text !== null && shape.test(text)) return Buffer.from(text.trim(), 'hex');
  const secret = random(32);
  writeSecret(path, `${Buffer.from(secret).toString('hex')}\n`);
  return secret;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
