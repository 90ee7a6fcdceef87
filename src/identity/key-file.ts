import { isStartProblem } from '#store/ports.ts';
import type { PrivateFiles, StartProblem } from '#store/ports.ts';

/** What is kept of a key: never the key. */
export interface StoredKey {
  /** `k_…`; names the key everywhere. */
  readonly id: string;
  /** For people. Only one live key has it. */
  readonly name: string;
  readonly profile: string;
  /** Wall clock, milliseconds since 1970. */
  readonly createdAt: number;
  readonly revokedAt: number | null;
  /** HMAC-SHA-256 of the key under the folder's secret, in hex. */
  readonly hmac: string;
}

const keysName = 'keys.json';
const secretName = 'key-secret';
const secretShape = /^[0-9a-f]{64}$/;
const hmacShape = /^[0-9a-f]{64}$/;

/** Reads the keys; no file means none. */
export async function readKeys(files: PrivateFiles): Promise<readonly StoredKey[] | StartProblem> {
  const found = await files.read(keysName);
  if (isStartProblem(found)) return found;
  if (found.text === null) return [];
  return (
    parseKeys(found.text) ?? {
      problem: `${keysName} in the data folder is not a list of keys`,
      remedy: 'restore it, or remove it and make new keys',
    }
  );
}

export function writeKeys(files: PrivateFiles, keys: readonly StoredKey[]): Promise<void> {
  return files.write(keysName, `${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
}

/**
 * Reads the secret under which keys are hashed, or makes it. Where keys exist it is never made anew: that would silently turn every key
 * away.
 */
export async function readSecret(
  files: PrivateFiles,
  options: { readonly keysExist: boolean; readonly random: (bytes: number) => Uint8Array },
): Promise<Uint8Array | StartProblem> {
  const found = await files.read(secretName);
  if (isStartProblem(found)) return found;
  if (found.text !== null) {
    const hex = found.text.trim();
    if (secretShape.test(hex)) return Buffer.from(hex, 'hex');
    return { problem: `${secretName} in the data folder does not hold 32 bytes in hex`, remedy: lostRemedy };
  }
  if (options.keysExist)
    return {
      problem: `${secretName} is not in the data folder, and without it no key of ${keysName} can be recognised`,
      remedy: lostRemedy,
    };
  const secret = options.random(32);
  await files.write(secretName, `${Buffer.from(secret).toString('hex')}\n`);
  return secret;
}

const lostRemedy = `restore ${secretName}, or remove it and ${keysName} and make new keys`;

function parseKeys(text: string): readonly StoredKey[] | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1 || !('keys' in value)) return null;
    const keys: unknown = value.keys;
    return Array.isArray(keys) && keys.every(isStoredKey) && noneTwice(keys) ? keys : null;
  } catch {
    return null;
  }
}

function noneTwice(keys: readonly StoredKey[]): boolean {
  return new Set(keys.map((key) => key.id)).size === keys.length && new Set(keys.map((key) => key.hmac)).size === keys.length;
}

function isStoredKey(value: unknown): value is StoredKey {
  if (typeof value !== 'object' || value === null) return false;
  const key: Partial<Record<keyof StoredKey, unknown>> = value;
  return (
    typeof key.id === 'string' &&
    /^k_[0-9A-Za-z]+$/.test(key.id) &&
    typeof key.name === 'string' &&
    typeof key.profile === 'string' &&
    typeof key.createdAt === 'number' &&
    (key.revokedAt === null || typeof key.revokedAt === 'number') &&
    typeof key.hmac === 'string' &&
    hmacShape.test(key.hmac)
  );
}
