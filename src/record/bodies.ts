import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { bodyHash, coding, digester, encodeBody, nodeHash } from './bodies-format.ts';
import type { BodyRef } from './bodies-format.ts';
import { splitRequest } from './bodies-split.ts';

/** What a profile keeps of what is said. */
export type Kept = 'full' | 'hash';

/** A larger text leaves only its hash. */
const keptBytesMax = 16 * 1024 * 1024;
/** Texts whose rows are remembered: those of the calls of the last minutes. */
const rememberedMax = 20_000;
const saltBytes = 16;

/**
 * Writes what was said, each text once, in the transaction that is open: whatever an entry names is there when the entry is. Every text
 * that is named is counted; `BodyRelease` counts down.
 */
export class Bodies {
  readonly #digest: ReturnType<typeof digester>;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #known = new Map<string, Uint8Array>();
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #name: StatementSync;
  readonly #addNode: StatementSync;
  readonly #nameNode: StatementSync;

  /** `secret` is the data folder's: under it equal texts are found. */
  constructor(db: DatabaseSync, { secret, random }: { readonly secret: Uint8Array; readonly random: (bytes: number) => Uint8Array }) {
    this.#digest = digester(secret);
    this.#random = random;
    this.#find = db.prepare('SELECT hash FROM bodies WHERE digest = ?');
    this.#add = db.prepare('INSERT INTO bodies (hash, digest, salt, coding, refs, bytes) VALUES (?, ?, ?, ?, 1, ?)');
    this.#name = db.prepare('UPDATE bodies SET refs = refs + 1 WHERE hash = ?');
    this.#addNode = db.prepare('INSERT INTO nodes (hash, parent, body, refs) VALUES (?, ?, ?, 1)');
    this.#nameNode = db.prepare('UPDATE nodes SET refs = refs + 1 WHERE hash = ?');
  }

  /** Keeps a request: its frame, and its messages as a list that shares its beginning with other lists. */
  keepRequest(request: Uint8Array, kept: Kept): BodyRef {
    const split = kept === 'full' && request.length <= keptBytesMax ? splitRequest(request) : null;
    if (split === null) return this.keepWhole(request, kept);
    return { frame: hex(this.#keep(split.frame, 'kept')), messages: this.#keepList(split.messages) };
  }

  /** Keeps a text as one, or its hash alone. */
  keepWhole(content: Uint8Array, kept: Kept): BodyRef {
    if (kept === 'full' && content.length <= keptBytesMax) return { whole: hex(this.#keep(content, 'kept')) };
    return { hash: hex(this.#keep(content, 'hash')) };
  }

  /** Forgets which texts are there: after a transaction that did not come about, and after texts were removed. */
  forget(): void {
    this.#known.clear();
  }

  #keepList(messages: readonly Uint8Array[]): string | null {
    const digests = messages.map((message) => this.#digest('kept', message));
    const chain = this.#knownChain(digests);
    const last = chain.at(-1);
    let shared = chain.length;
    // Whoever has a node has all before it, so the last that is there says where the new ones begin.
    while (shared > 0 && this.#nameNode.run(chain[shared - 1]?.hash ?? null).changes === 0) shared--;
    if (shared === messages.length) return last ? hex(last.hash) : null;
    let parent = shared === 0 ? null : (chain[shared - 1]?.hash ?? null);
    for (let index = shared; index < messages.length; index++) {
      const [message, digest] = [messages[index], digests[index]];
      if (!message || !digest) break;
      const body = this.#keep(message, 'kept', digest);
      const hash = nodeHash(parent, body);
      this.#addNode.run(hash, parent, body);
      parent = hash;
    }
    return parent && hex(parent);
  }

  /** The nodes of the longest beginning whose texts are all there; whether the nodes are is another question. */
  #knownChain(digests: readonly Uint8Array[]): readonly { readonly hash: Uint8Array }[] {
    const chain: { readonly hash: Uint8Array }[] = [];
    for (const digest of digests) {
      const body = this.#rowOf(digest);
      if (body === null) break;
      chain.push({ hash: nodeHash(chain.at(-1)?.hash ?? null, body) });
    }
    return chain;
  }

  #keep(content: Uint8Array, kind: 'kept' | 'hash', known?: Uint8Array): Uint8Array {
    const digest = known ?? this.#digest(kind, content);
    const row = this.#rowOf(digest);
    if (row !== null) {
      this.#name.run(row);
      return row;
    }
    const salt = this.#random(saltBytes);
    const hash = bodyHash(salt, content);
    const encoded = kind === 'kept' ? encodeBody(content) : { coding: coding.hashOnly, bytes: null };
    this.#add.run(hash, digest, salt, encoded.coding, encoded.bytes);
    this.#remember(digest, hash);
    return hash;
  }

  #rowOf(digest: Uint8Array): Uint8Array | null {
    const known = this.#known.get(keyOf(digest));
    if (known) return known;
    const found = this.#find.get(digest)?.['hash'];
    if (!(found instanceof Uint8Array)) return null;
    this.#remember(digest, found);
    return found;
  }

  #remember(digest: Uint8Array, hash: Uint8Array): void {
    if (this.#known.size >= rememberedMax) this.#known.clear();
    this.#known.set(keyOf(digest), hash);
  }
}

function keyOf(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('latin1');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
