import type { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { hexOf, sameBytes, sha256 } from './chain.ts';
import type { Findings } from './finding.ts';
import { MarkedHashes } from './marked-hashes.ts';
import { eachRow } from './merge-rows.ts';
import { isMembers } from './read-entry.ts';
import type { Entry, Members } from './read-entry.ts';

/** What is known of a body or node, as bits. */
const [named, found, notKept, captured, live] = [1, 2, 4, 8, 16];
/** A text of more bytes than this is no text of ours: requests and replies are limited far below. */
const contentBytesMax = 2 ** 30;

/** Whether what the chain names of texts is there, is what was named, and nothing else is. */
export class BodyCheck {
  readonly #db: DatabaseSync;
  readonly #findings: Findings;
  readonly #bodies = new MarkedHashes();
  readonly #nodes = new MarkedHashes();
  /** By number of the node: its parent and its body, by their numbers and one more; 0 for none. */
  #parents = new Uint32Array(1024);
  #bodyOf = new Uint32Array(1024);
  /** What the rows of nodes say of how often they are named; nothing where the file does not count. */
  #nodeCounts = new Float64Array(1024).fill(Number.NaN);
  bodies = 0;
  nodes = 0;
  /** Texts of which only the hash is kept, and texts that were erased. */
  hashOnly = 0;
  erased = 0;

  constructor(db: DatabaseSync, findings: Findings) {
    this.#db = db;
    this.#findings = findings;
  }

  /** Notes what an entry names. `erased` tells whether its call was erased, as far as that is known by now. */
  see({ seq, members }: Entry, erased: boolean): void {
    const ref = members['body'] ?? members['reply'];
    if (!isMembers(ref)) return;
    const bits = erased ? named : named | live;
    if (typeof ref['hash'] === 'string') this.#name(this.#bodies, ref['hash'], { bits, seq });
    if (typeof ref['whole'] === 'string') this.#name(this.#bodies, ref['whole'], { bits: bits | captured, seq });
    if (typeof ref['frame'] === 'string') this.#name(this.#bodies, ref['frame'], { bits: bits | captured, seq });
    if (typeof ref['messages'] === 'string') this.#name(this.#nodes, ref['messages'], { bits, seq });
  }

  #name(marked: MarkedHashes, hex: string, { bits, seq }: { readonly bits: number; readonly seq: number }): void {
    const number = marked.add(Buffer.from(hex, 'hex'));
    marked.mark(number, bits, seq);
    if ((bits & live) !== 0) marked.countUp(number);
  }

  /** Forgets which texts are still reached; they are to be seen again, now that the erased calls are known. */
  forgetLive(): void {
    for (const marked of [this.#bodies, this.#nodes]) marked.forget(live);
  }

  /** Reads both tables and compares. `erasures`: texts may be missing. */
  finish(erasures: boolean): void {
    this.#readNodes();
    this.#reach();
    this.#readBodies();
    this.#judgeNodes();
    this.#judgeBodies(erasures);
  }

  #readNodes(): void {
    const see = (row: Members): void => {
      this.nodes++;
      const { hash, parent, body } = row;
      const wrong = hash instanceof Uint8Array && body instanceof Uint8Array ? wrongNode(hash, parent, body) : 'it has no hash or no body';
      if (wrong !== null) this.#findings.add('node', null, `the node ${shown(hash)}: ${wrong}`);
      if (!(hash instanceof Uint8Array) || !(body instanceof Uint8Array)) return;
      const number = this.#nodes.add(hash);
      this.#nodes.mark(number, found);
      const parentNumber = parent instanceof Uint8Array ? this.#nodes.add(parent) : -1;
      const bodyNumber = this.#bodies.add(body);
      this.#bodies.countUp(bodyNumber);
      if (parentNumber >= 0) this.#nodes.countUp(parentNumber);
      while (this.#parents.length < this.#nodes.size) this.#lengthenNodes();
      this.#parents[number] = parentNumber + 1;
      this.#bodyOf[number] = bodyNumber + 1;
      if (row['refs'] !== undefined) this.#nodeCounts[number] = Number(row['refs'] ?? -1);
    };
    eachRow(this.#db, `SELECT hash, parent, body${countColumn(this.#db, 'nodes')} FROM nodes`, {
      table: 'nodes',
      findings: this.#findings,
      see,
    });
  }

  #lengthenNodes(): void {
    const length = this.#parents.length * 2;
    const [parents, bodyOf, counts] = [new Uint32Array(length), new Uint32Array(length), new Float64Array(length).fill(Number.NaN)];
    parents.set(this.#parents);
    bodyOf.set(this.#bodyOf);
    counts.set(this.#nodeCounts);
    [this.#parents, this.#bodyOf, this.#nodeCounts] = [parents, bodyOf, counts];
  }

  /** Marks what is reached from the lists that calls name: all nodes before them, and the bodies of all of these. */
  #reach(): void {
    for (let root = 0; root < this.#nodes.size; root++) {
      const reached = this.#nodes.bitsOf(root) & (named | live);
      const seq = this.#nodes.seqOf(root);
      for (let node = root, first = true; node >= 0; node = (this.#parents[node] ?? 0) - 1, first = false) {
        if (!first && this.#nodes.has(node, reached)) break;
        this.#nodes.mark(node, reached, seq);
        const body = (this.#bodyOf[node] ?? 0) - 1;
        if (body >= 0 && reached !== 0) this.#bodies.mark(body, reached | captured, seq);
      }
    }
  }

  #readBodies(): void {
    const see = (row: Members): void => {
      this.bodies++;
      const { hash, bytes } = row;
      if (!(hash instanceof Uint8Array)) return this.#findings.add('body', null, 'a body has no hash');
      const number = this.#bodies.add(hash);
      const wrong = wrongBody(row, hash);
      if (wrong !== null) this.#findings.add('body', this.#bodies.seqOf(number) || null, `the body ${shown(hash)}: ${wrong}`);
      this.#bodies.mark(number, bytes === null ? found | notKept : found);
      this.#compareCount(row['refs'], this.#bodies, number);
    };
    const sql = `SELECT hash, digest, salt, coding, bytes${countColumn(this.#db, 'bodies')} FROM bodies`;
    eachRow(this.#db, sql, { table: 'bodies', findings: this.#findings, see });
  }

  #compareCount(says: unknown, marked: MarkedHashes, number: number): void {
    const is = marked.count(number);
    if (says === undefined || says === is) return;
    this.#findings.add(
      'count',
      marked.seqOf(number) || null,
      `a text is said to be named ${JSON.stringify(says)} times and is ${is} times`,
    );
  }

  #judgeNodes(): void {
    for (let node = 0; node < this.#nodes.size; node++) {
      if (!this.#nodes.has(node, found)) {
        if (this.#nodes.has(node, live))
          this.#findings.add(
            'body_missing',
            this.#nodes.seqOf(node),
            `a list of messages that entry ${this.#nodes.seqOf(node)} names is gone`,
          );
        continue;
      }
      const says = this.#nodeCounts[node] ?? Number.NaN;
      if (!Number.isNaN(says)) this.#compareCount(says, this.#nodes, node);
      if (!this.#nodes.has(node, named)) this.#findings.add('body_unnamed', null, `no call names one of the lists of messages`);
    }
  }

  #judgeBodies(erasures: boolean): void {
    for (let body = 0; body < this.#bodies.size; body++) {
      const seq = this.#bodies.seqOf(body) || null;
      const [isFound, isNamed, isLive] = [this.#bodies.has(body, found), this.#bodies.has(body, named), this.#bodies.has(body, live)];
      if (this.#bodies.has(body, notKept)) {
        this.hashOnly++;
        if (this.#bodies.has(body, captured))
          this.#findings.add('body_missing', seq, `of a text that entry ${seq} captured only the hash is there`);
      }
      if (!isFound && isLive) this.#findings.add('body_missing', seq, `a text that entry ${seq} names is gone`);
      else if (!isFound && isNamed) this.erased++;
      else if (isFound && !isNamed) this.#findings.add('body_unnamed', null, 'no call names one of the texts');
      else if (isFound && !isLive && erasures)
        this.#findings.add('body_kept', seq, `a text of entry ${seq} is still there, its calls were erased`);
    }
  }
}

/** The writer counts who names a text, so that it knows when that may go; the format leaves this to it. */
function countColumn(db: DatabaseSync, table: string): string {
  return db
    .prepare(`PRAGMA table_info(${table})`)
    .all()
    .some(({ name }) => name === 'refs')
    ? ', refs'
    : '';
}

const nodeMark = Buffer.from('node');
const noParent = new Uint8Array(32);

function wrongNode(hash: Uint8Array, parent: unknown, body: Uint8Array): string | null {
  if (parent !== null && !(parent instanceof Uint8Array)) return 'its parent is no hash';
  const hashed = sha256(nodeMark, parent ?? noParent, body);
  return sameBytes(hashed, hash) ? null : 'its parent or its body was changed';
}

/** What is wrong with a row of `bodies`; null if it is what its hash says, or if nothing but its hash is kept. */
function wrongBody({ digest, salt, coding, bytes }: Members, hash: Uint8Array): string | null {
  if (hash.length !== 32) return 'its hash is not 32 bytes long';
  if (digest !== null && !(digest instanceof Uint8Array && digest.length === 32)) return 'its digest is not one';
  if (!(salt instanceof Uint8Array) || salt.length !== 16) return 'its salt is not 16 bytes long';
  if (coding === 2) return bytes === null ? null : 'it says that only its hash is kept, and keeps more';
  if (!(bytes instanceof Uint8Array)) return 'its content is gone';
  let content: Uint8Array = bytes;
  if (coding === 1) {
    try {
      content = zstdDecompressSync(bytes, { maxOutputLength: contentBytesMax });
    } catch {
      return 'its content cannot be decompressed';
    }
  } else if (coding !== 0) return `its coding is ${String(coding)}`;
  const hashed = sha256(salt, content);
  return sameBytes(hashed, hash) ? null : 'its content or its salt was changed';
}

function shown(hash: unknown): string {
  return hash instanceof Uint8Array ? `${hexOf(hash).slice(0, 16)}…` : 'without a hash';
}
