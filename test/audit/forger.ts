import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { isMembers } from '#audit/read-entry.ts';
import type { Intent, Terminal } from '#core/record/record.ts';
import { RECORD_COLUMNS, endColumns, interruptedColumns, startColumns } from '#record/projection.ts';
import type { ColumnValue } from '#record/projection.ts';

/** One entry as a forger holds it. */
export interface Forged {
  bytes: Buffer;
}

/** Somebody who can write the file and knows the format, but has not the key: they can make the chain fit again, not its signatures. */
export class Forger {
  readonly db: DatabaseSync;
  readonly #ownKey: KeyObject;
  readonly ownPublicKey: string;

  constructor(file: string) {
    this.db = new DatabaseSync(file);
    this.db.exec('PRAGMA synchronous = OFF');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#ownKey = privateKey;
    this.ownPublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  }

  close(): void {
    this.db.close();
  }

  get log(): string {
    return String(this.db.prepare("SELECT value FROM meta WHERE name = 'log'").get()?.['value']);
  }

  first(): number {
    return Number(this.db.prepare('SELECT min(seq) AS seq FROM log').get()?.['seq']);
  }

  entry(seq: number): Readonly<Record<string, unknown>> {
    const value: unknown = JSON.parse(this.bytes(seq).toString('utf8'));
    return isMembers(value) ? value : {};
  }

  bytes(seq: number): Buffer {
    const bytes = this.db.prepare('SELECT bytes FROM log WHERE seq = ?').get(seq)?.['bytes'];
    return Buffer.from(bytes instanceof Uint8Array ? bytes : []);
  }

  /** All entries from one on. */
  from(seq: number): Forged[] {
    return this.db
      .prepare('SELECT bytes FROM log WHERE seq >= ? ORDER BY seq')
      .all(seq)
      .map(({ bytes }) => ({ bytes: Buffer.from(bytes instanceof Uint8Array ? bytes : []) }));
  }

  /** Puts entries in the place of all from `seq` on, numbered, their checkpoints made to fit, and hashed anew. `resign`: with the forger's own key. */
  rewrite(seq: number, entries: readonly Forged[], { resign = false }: { readonly resign?: boolean } = {}): void {
    let head = this.#hashBefore(seq);
    this.db.exec('BEGIN');
    this.db.prepare('DELETE FROM log WHERE seq >= ?').run(seq);
    const insert = this.db.prepare('INSERT INTO log (seq, hash, bytes) VALUES (?, ?, ?)');
    for (const [index, { bytes }] of entries.entries()) {
      const numbered = this.#renumber(bytes, seq + index, { head, resign });
      const length = Buffer.alloc(4);
      length.writeUInt32BE(numbered.length);
      head = createHash('sha256').update(head).update(length).update(numbered).digest();
      insert.run(seq + index, head, numbered);
    }
    this.db.exec('COMMIT');
  }

  #hashBefore(seq: number): Buffer {
    const kept = this.db.prepare('SELECT hash FROM log WHERE seq = ?').get(seq - 1)?.['hash'];
    return kept instanceof Uint8Array ? Buffer.from(kept) : createHash('sha256').update(`gatehouse log 1\n${this.log}`).digest();
  }

  #renumber(bytes: Buffer, seq: number, { head, resign }: { readonly head: Buffer; readonly resign: boolean }): Buffer {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (!isMembers(value)) return bytes;
    const entry = { ...value, seq };
    if (value['type'] !== 'checkpoint') return value['seq'] === seq ? bytes : Buffer.from(JSON.stringify(entry));
    const fitting = { ...entry, through: seq - 1, head: head.toString('hex') };
    const signature = resign ? this.sign('checkpoint', { seq: seq - 1, head: fitting.head, at: Number(value['at']) }) : value['signature'];
    return Buffer.from(JSON.stringify({ ...fitting, signature }));
  }

  /** Makes the tables that people ask fit the log again. */
  remakeRows(): void {
    const names = ['seq', 'start_seq', ...RECORD_COLUMNS.map(([name]) => name)];
    const insert = this.db.prepare(`INSERT OR REPLACE INTO records (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`);
    const starts = new Map<unknown, { readonly seq: number; readonly columns: readonly ColumnValue[] }>();
    this.db.exec('BEGIN; DELETE FROM records; DELETE FROM scores');
    for (const { bytes } of this.from(0)) {
      const entry: unknown = JSON.parse(bytes.toString('utf8'));
      if (!isMembers(entry)) continue;
      const seq = Number(entry['seq']);
      if (entry['type'] === 'start') starts.set(entry['id'], { seq, columns: startColumns(entry as unknown as Intent) });
      const start = starts.get(entry['id']);
      if (start !== undefined && entry['type'] === 'terminal')
        insert.run(seq, start.seq, ...start.columns, ...endColumns(entry as unknown as Terminal));
      if (start !== undefined && entry['type'] === 'interrupted') insert.run(seq, start.seq, ...start.columns, ...interruptedColumns);
      if (entry['type'] === 'score') this.#insertScore(seq, entry);
    }
    this.db.exec('COMMIT');
    this.#remakeTerms();
  }

  #remakeTerms(): void {
    const columns = ['principal', 'profile', 'route', 'upstream', 'model', 'task', 'session', 'result', 'verdict', 'code'];
    const through = "(SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'termsThrough')";
    this.db.exec('BEGIN; DELETE FROM terms');
    for (const column of columns) {
      const of = `SELECT '${column}=' || substr(${column}, 1, 24), seq FROM records WHERE ${column} IS NOT NULL AND seq <= ${through}`;
      this.db.exec(`INSERT INTO terms (term, seq) ${of}`);
    }
    this.db.exec('COMMIT');
  }

  #insertScore(seq: number, entry: Readonly<Record<string, unknown>>): void {
    const names = ['id', 'name', 'value', 'label', 'source', 'comment', 'at'];
    const values = names.map((name) => entry[name] as ColumnValue);
    this.db.prepare(`INSERT INTO scores (seq, ${names.join(', ')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`).run(seq, ...values);
  }

  sign(what: 'checkpoint' | 'prune', { seq, head, at }: { readonly seq: number; readonly head: string; readonly at: number }): string {
    return sign(null, Buffer.from(`gatehouse ${what} 1\n${this.log}\n${seq}\n${head}\n${at}\n`), this.#ownKey).toString('base64');
  }
}
