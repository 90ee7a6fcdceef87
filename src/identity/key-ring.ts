import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Principal } from '#core/record/record.ts';
import { isStartProblem } from '#store/ports.ts';
import type { PrivateFiles, StartProblem } from '#store/ports.ts';
import { readKeys, readSecret, writeKeys } from './key-file.ts';
import type { StoredKey } from './key-file.ts';
import { randomText } from './random-text.ts';
import { ShownBefore } from './shown-before.ts';

export interface KeyRingOptions {
  /** So many random bytes, good enough for keys. */
  readonly random: (bytes: number) => Uint8Array;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** A new key. The only time it is seen. */
export interface NewKey {
  readonly id: string;
  readonly name: string;
  readonly key: string;
}

/** A key as `gatehouse keys list` shows it. */
export type ListedKey = Omit<StoredKey, 'hmac'>;

/** 32 of 62 characters are 190 bits. */
const keyChars = 32;
const idChars = 10;
const nameCharsMax = 64;
const nobody = Buffer.alloc(32);

/**
 * The virtual keys of the house. Keys are stored as HMAC under a secret of the data folder, compared in constant time and shown once. What
 * is on disk lets nobody in.
 */
export class KeyRing {
  readonly #files: PrivateFiles;
  readonly #hmac: (text: string) => Buffer;
  readonly #options: KeyRingOptions;
  readonly #byHmac = new Map<string, string>();
  readonly #byId = new Map<string, StoredKey>();
  readonly #shown = new ShownBefore();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(files: PrivateFiles, secret: Uint8Array, options: KeyRingOptions) {
    this.#files = files;
    this.#hmac = (text) => createHmac('sha256', secret).update(text).digest();
    this.#options = options;
  }

  /** Reads the keys of a data folder; makes the secret on the first start. */
  static async open(files: PrivateFiles, options: KeyRingOptions): Promise<KeyRing | StartProblem> {
    const keys = await readKeys(files);
    if (isStartProblem(keys)) return keys;
    const secret = await readSecret(files, { keysExist: keys.length > 0, random: options.random });
    if (isStartProblem(secret)) return secret;
    const ring = new KeyRing(files, secret, options);
    for (const key of keys) ring.#remember(key);
    return ring;
  }

  /** True until the first key is made. Revoked ones count: who revoked the last key does not want a new one by itself. */
  isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  /** Makes a key; it works once it is kept. A live key's name gets a number behind it. Rejects if it cannot be written. */
  create(wanted: { readonly profile: string; readonly name: string }): Promise<NewKey> {
    return this.#inTurn(async () => {
      const key = `gh_${randomText(keyChars, this.#options.random)}`;
      const stored: StoredKey = {
        id: this.#freshId(),
        name: this.#freshName(wanted.name),
        profile: wanted.profile,
        createdAt: this.#options.now(),
        revokedAt: null,
        hmac: this.#hmac(key).toString('hex'),
      };
      await writeKeys(this.#files, [...this.#byId.values(), stored]);
      this.#remember(stored);
      return { id: stored.id, name: stored.name, key };
    });
  }

  /** Every key ever made, in the order of making. */
  list(): readonly ListedKey[] {
    return [...this.#byId.values()].map(({ id, name, profile, createdAt, revokedAt }) => ({ id, name, profile, createdAt, revokedAt }));
  }

  /**
   * Revokes a live key by its id or name; false if there is none. It is effective before this returns its promise; if the promise rejects
   * the key is out until the next start only.
   */
  async revoke(idOrName: string): Promise<boolean> {
    const key = this.#liveKey(idOrName);
    if (!key) return false;
    this.#byId.set(key.id, { ...key, revokedAt: this.#options.now() });
    await this.#inTurn(() => writeKeys(this.#files, [...this.#byId.values()]));
    return true;
  }

  /**
   * Whose key this is; null for an unknown or revoked one. Every look-up costs the same; a connection that shows again what was found to
   * be a key is spared it.
   */
  identify(presented: string, connection: object | null = null): Principal | null {
    const before = connection === null ? null : this.#shown.idOf(connection, presented);
    const id = before ?? this.#idOf(presented);
    const key = id === null ? undefined : this.#byId.get(id);
    if (key?.revokedAt !== null) return null;
    if (connection !== null && before === null) this.#shown.note(connection, presented, key.id);
    return { id: key.id, profile: key.profile, operator: false };
  }

  /** Whether the key of this id may still be used. */
  isLive(id: string): boolean {
    return this.#byId.get(id)?.revokedAt === null;
  }

  #idOf(presented: string): string | null {
    const hmac = this.#hmac(presented);
    const id = this.#byHmac.get(hmac.toString('hex'));
    const key = id === undefined ? undefined : this.#byId.get(id);
    const same = timingSafeEqual(hmac, key ? Buffer.from(key.hmac, 'hex') : nobody);
    return key && same ? key.id : null;
  }

  #remember(key: StoredKey): void {
    this.#byHmac.set(key.hmac, key.id);
    this.#byId.set(key.id, key);
  }

  #liveKey(idOrName: string): StoredKey | undefined {
    const byId = this.#byId.get(idOrName);
    if (byId?.revokedAt === null) return byId;
    return [...this.#byId.values()].find((key) => key.revokedAt === null && key.name === idOrName);
  }

  #freshId(): string {
    for (;;) {
      const id = `k_${randomText(idChars, this.#options.random)}`;
      if (!this.#byId.has(id)) return id;
    }
  }

  #freshName(wanted: string): string {
    const name = cleanName(wanted);
    const taken = new Set([...this.#byId.values()].filter((key) => key.revokedAt === null).map((key) => key.name));
    if (!taken.has(name)) return name;
    let number = 2;
    while (taken.has(`${name}-${number}`)) number++;
    return `${name}-${number}`;
  }

  /** One change of the file at a time, each built on the one before it. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** A name that is safe to print: letters, digits and a few marks, not too long. */
function cleanName(wanted: string): string {
  const clean = wanted.replaceAll(/[^\p{L}\p{M}\p{N} ._@-]+/gu, '-').trim();
  return clean === '' ? 'key' : Array.from(clean).slice(0, nameCharsMax).join('');
}
