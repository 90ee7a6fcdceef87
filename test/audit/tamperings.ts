import { readFileSync, writeFileSync } from 'node:fs';
import type { SQLInputValue } from 'node:sqlite';
import type { FindingCode } from '#audit/finding.ts';
import type { Dice } from '#test/sim/random.ts';
import type { Forged, Forger } from './forger.ts';

/** A copy of a record that is about to be changed. */
export interface Victim {
  readonly file: string;
  readonly outside: string;
  readonly dice: Dice;
  /** The last entry that the outside copy speaks of: up to here everything has to be found. */
  readonly covered: number;
  /** Opens the file for writing; it is closed afterwards. */
  readonly forger: () => Forger;
}

/** One way to change a record. */
export interface Tampering {
  readonly name: string;
  /** One of these has to be found; any finding will do if there are none. */
  readonly found: readonly FindingCode[];
  /** False: this record has nothing that could be changed so. */
  readonly apply: (victim: Victim) => boolean;
}

const chain = ['hash', 'checkpoint', 'outside_head', 'truncated', 'gap', 'front_missing', 'prune', 'outside'] as const;

/** A random entry that the outside copy covers. */
function somewhere({ dice, covered }: Victim, forger: Forger): number {
  return dice.int(forger.first(), covered);
}

function flipped(bytes: Uint8Array, dice: Dice): Buffer {
  const changed = Buffer.from(bytes);
  const at = dice.int(0, changed.length - 1);
  changed[at] = (changed[at] ?? 0) ^ (1 << dice.int(0, 7));
  return changed;
}

/** Changes the entries from a random one on, in the chain's own spelling. */
function rewrite(
  victim: Victim,
  change: (entries: Forged[], forger: Forger) => void,
  options: { readonly resign?: boolean } = {},
): boolean {
  const forger = victim.forger();
  const seq = somewhere(victim, forger);
  const entries = forger.from(seq);
  change(entries, forger);
  forger.rewrite(seq, entries, options);
  forger.remakeRows();
  return true;
}

function edited(forged: Forged, edit: (entry: Record<string, unknown>) => void): Forged {
  const entry = JSON.parse(forged.bytes.toString('utf8')) as Record<string, unknown>;
  edit(entry);
  return { bytes: Buffer.from(JSON.stringify(entry)) };
}

/** A random row of a table, as its columns; null for an empty one. */
function anyRow({ dice }: Victim, forger: Forger, table: string): Readonly<Record<string, SQLInputValue>> | null {
  const rows = forger.db.prepare(`SELECT rowid AS "row", * FROM ${table}`).all();
  return rows.length === 0 ? null : dice.pick(rows);
}

/** Sets a column of a random row; a `value` of null for a column that is null already changes nothing. */
function setColumn(
  victim: Victim,
  table: string,
  change: (row: Readonly<Record<string, SQLInputValue>>) => readonly [column: string, value: SQLInputValue] | null,
): boolean {
  const forger = victim.forger();
  const row = anyRow(victim, forger, table);
  const set = row === null ? null : change(row);
  if (row === null || set === null) return false;
  try {
    return forger.db.prepare(`UPDATE ${table} SET ${set[0]} = ? WHERE rowid = ?`).run(set[1], row['row'] ?? null).changes > 0;
  } catch {
    // The table itself refuses such a value.
    return false;
  }
}

function another(value: SQLInputValue | undefined, dice: Dice): SQLInputValue {
  if (value instanceof Uint8Array) return flipped(value, dice);
  if (typeof value === 'number') return dice.chance(0.2) ? null : value + dice.pick([1, -1, 1_000]);
  if (typeof value === 'string') return dice.chance(0.2) ? null : `${value}${dice.pick(['x', ' ', '\u0000'])}`;
  return dice.pick([0, 'x']);
}

/** Changes one column of one row of a table to another value. */
const changeColumn =
  (table: string, columns: readonly string[]) =>
  (victim: Victim): boolean =>
    setColumn(victim, table, (row) => {
      const column = victim.dice.pick(columns.length > 0 ? columns : Object.keys(row).filter((name) => name !== 'row'));
      return [column, another(row[column], victim.dice)];
    });

const deleteRow =
  (table: string) =>
  (victim: Victim): boolean => {
    const forger = victim.forger();
    const row = anyRow(victim, forger, table);
    if (row === null) return false;
    forger.db.prepare(`DELETE FROM ${table} WHERE rowid = ?`).run(row['row'] ?? null);
    return true;
  };

const runSql =
  (sql: string) =>
  (victim: Victim): boolean => {
    const changed = victim.forger();
    changed.db.exec(sql);
    return true;
  };

/** The chain itself. */
const chainTamperings: readonly Tampering[] = [
  {
    name: 'a bit of an entry',
    found: ['hash'],
    apply: (victim) => {
      const forger = victim.forger();
      const seq = somewhere(victim, forger);
      forger.db.prepare('UPDATE log SET bytes = ? WHERE seq = ?').run(flipped(forger.bytes(seq), victim.dice), seq);
      return true;
    },
  },
  {
    name: 'a bit of a hash',
    found: ['hash'],
    apply: (victim) => {
      const forger = victim.forger();
      const seq = somewhere(victim, forger);
      const hash = forger.db.prepare('SELECT hash FROM log WHERE seq = ?').get(seq)?.['hash'];
      if (!(hash instanceof Uint8Array)) return false;
      forger.db.prepare('UPDATE log SET hash = ? WHERE seq = ?').run(flipped(hash, victim.dice), seq);
      return true;
    },
  },
  {
    name: 'an entry removed',
    found: ['gap', 'front_missing', 'truncated'],
    apply: (victim) => {
      const forger = victim.forger();
      forger.db.prepare('DELETE FROM log WHERE seq = ?').run(somewhere(victim, forger));
      return true;
    },
  },
  {
    name: 'an entry removed, the rest renumbered and hashed anew',
    found: chain,
    apply: (victim) => rewrite(victim, (entries) => entries.splice(0, 1)),
  },
  {
    name: 'two entries swapped',
    found: ['hash', 'shape'],
    apply: (victim) => {
      const forger = victim.forger();
      const [one, two] = [somewhere(victim, forger), somewhere(victim, forger)];
      if (one === two) return false;
      const swap = 'UPDATE log SET seq = ? WHERE seq = ?';
      for (const [to, from] of [
        [-1, one],
        [one, two],
        [two, -1],
      ] as const)
        forger.db.prepare(swap).run(to, from);
      return true;
    },
  },
  {
    name: 'two entries swapped, hashed anew',
    found: chain,
    apply: (victim) =>
      rewrite(victim, (entries) => {
        const [one, two] = entries;
        if (one !== undefined && two !== undefined) entries.splice(0, 2, two, one);
      }),
  },
  {
    name: 'an entry put in, the rest hashed anew',
    found: chain,
    apply: (victim) =>
      rewrite(victim, (entries) =>
        entries.unshift({
          bytes: Buffer.from(JSON.stringify({ seq: 0, type: 'admin', at: 1_763_000_000_000, action: 'drain', subject: 'forged' })),
        }),
      ),
  },
  {
    name: 'an entry told anew, the rest hashed anew',
    found: chain,
    apply: (victim) =>
      rewrite(victim, (entries) => {
        const at = victim.dice.int(0, Math.max(0, entries.length - 2));
        entries[0] = edited(entries[0] ?? { bytes: Buffer.from('{}') }, (entry) => {
          if (entry['type'] === 'start') entry['principal'] = `k_${at}`;
          else if (entry['type'] === 'terminal') entry['costNano'] = at;
          else entry['at'] = Number(entry['at']) + 1;
        });
      }),
  },
  {
    name: 'a call taken out, the rest hashed anew',
    found: chain,
    apply: (victim) => {
      const forger = victim.forger();
      const first = forger.first();
      const ids = forger.from(first).map(({ bytes }) => String((JSON.parse(bytes.toString('utf8')) as Record<string, unknown>)['id']));
      const id = ids[victim.dice.int(0, victim.covered - first)];
      if (id === undefined || id === 'undefined') return false;
      forger.rewrite(
        first,
        forger.from(first).filter((_, at) => ids[at] !== id),
      );
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'the tail hashed anew and signed with another key',
    found: ['checkpoint'],
    apply: (victim) => rewrite(victim, (entries) => entries.splice(0, 1), { resign: true }),
  },
  {
    name: 'the whole log told anew under another key, which the file names',
    found: ['meta', 'outside_head'],
    apply: (victim) => {
      const forger = victim.forger();
      const first = forger.first();
      forger.db.prepare("UPDATE meta SET value = ? WHERE name = 'key'").run(forger.ownPublicKey);
      forger.rewrite(first, forger.from(first), { resign: true });
      return true;
    },
  },
  {
    name: 'the tail cut off',
    found: ['truncated'],
    apply: (victim) => {
      const forger = victim.forger();
      const seq = victim.dice.int(forger.first(), victim.covered - 1);
      forger.rewrite(seq + 1, []);
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'cut off behind one of its checkpoints',
    found: ['truncated'],
    apply: (victim) => {
      const forger = victim.forger();
      const checkpoints = checkpointsOf(forger).filter((seq) => seq < victim.covered);
      if (checkpoints.length === 0) return false;
      forger.rewrite(victim.dice.pick(checkpoints) + 1, []);
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'a checkpoint removed, the rest hashed anew',
    found: chain,
    apply: (victim) => {
      const forger = victim.forger();
      const checkpoints = checkpointsOf(forger).filter((seq) => seq <= victim.covered);
      if (checkpoints.length === 0) return false;
      const seq = victim.dice.pick(checkpoints);
      forger.rewrite(seq, forger.from(seq + 1));
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'all checkpoints removed and the log hashed anew',
    found: chain,
    apply: (victim) => {
      const forger = victim.forger();
      const first = forger.first();
      const checkpoints = new Set(checkpointsOf(forger));
      forger.rewrite(
        first,
        forger.from(first).filter((_, at) => !checkpoints.has(first + at)),
      );
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'the front removed',
    found: ['front_missing'],
    apply: (victim) => {
      const forger = victim.forger();
      forger.db.prepare('DELETE FROM log WHERE seq <= ?').run(somewhere(victim, forger));
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'the front removed, with a forged prune entry',
    found: ['front_missing'],
    apply: (victim) => {
      const forger = victim.forger();
      const before = victim.dice.int(forger.first() + 1, victim.covered);
      const hash = forger.db.prepare('SELECT hash FROM log WHERE seq = ?').get(before - 1)?.['hash'];
      const head = hash instanceof Uint8Array ? Buffer.from(hash).toString('hex') : '';
      const at = 1_763_000_000_001;
      const prune = { seq: 0, type: 'prune', at, before, head, why: 'age', signature: forger.sign('prune', { seq: before, head, at }) };
      const last = forger.from(0).length + forger.first();
      forger.rewrite(last, [{ bytes: Buffer.from(JSON.stringify(prune)) }]);
      forger.db.prepare('DELETE FROM log WHERE seq < ?').run(before);
      forger.db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('prunedBefore', ?)").run(String(before));
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'texts removed, with a forged erase entry',
    found: chain,
    apply: (victim) =>
      rewrite(victim, (entries, forger) => {
        const id = anyRow(victim, forger, 'records')?.['id'];
        entries.unshift({
          bytes: Buffer.from(JSON.stringify({ seq: 0, type: 'erase', at: 1_763_000_000_001, records: [id], by: 'operator' })),
        });
        forger.db.exec('DELETE FROM bodies WHERE rowid = (SELECT max(rowid) FROM bodies)');
      }),
  },
];

function checkpointsOf(forger: Forger): number[] {
  const first = forger.first();
  return forger.from(first).flatMap(({ bytes }, at) => (bytes.includes('"type":"checkpoint"') ? [first + at] : []));
}

/** What lies beside the chain in the file. */
const tableTamperings: readonly Tampering[] = [
  { name: 'a column of a row', found: ['row', 'row_extra', 'row_missing'], apply: changeColumn('records', []) },
  { name: 'a row removed', found: ['row_missing'], apply: deleteRow('records') },
  {
    name: 'a row put in',
    found: ['row_extra'],
    apply: (victim) => {
      const forger = victim.forger();
      const row = anyRow(victim, forger, 'records');
      if (row === null) return false;
      const taken = new Set(
        forger.db
          .prepare('SELECT seq FROM records')
          .all()
          .map(({ seq }) => seq),
      );
      const free = Array.from({ length: victim.covered }, (_, at) => at + 1).filter((seq) => !taken.has(seq));
      const names = Object.keys(row).filter((name) => name !== 'row');
      const values = names.map((name) => (name === 'seq' ? victim.dice.pick(free) : name === 'id' ? 'forged' : (row[name] ?? null)));
      forger.db.prepare(`INSERT INTO records (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(...values);
      return true;
    },
  },
  { name: 'a score', found: ['row', 'row_extra', 'row_missing'], apply: changeColumn('scores', []) },
  { name: 'a score removed', found: ['row_missing'], apply: deleteRow('scores') },
  {
    name: 'a score put in',
    found: ['row_extra', 'row'],
    apply: runSql("INSERT OR REPLACE INTO scores (seq, id, name, value) VALUES (3, 'r1', 'quality', 1)"),
  },
  { name: 'a text', found: ['body', 'body_missing', 'body_unnamed'], apply: changeColumn('bodies', ['bytes', 'salt', 'hash', 'coding']) },
  { name: 'how often a text is named', found: ['count'], apply: changeColumn('bodies', ['refs']) },
  { name: 'a text removed', found: ['body_missing'], apply: deleteRow('bodies') },
  {
    name: 'a text put in',
    found: ['body_unnamed'],
    apply: runSql(
      "INSERT INTO bodies (hash, digest, salt, coding, refs, bytes) VALUES (randomblob(32), randomblob(32), randomblob(16), 0, 1, x'41')",
    ),
  },
  {
    name: 'a message of which only the hash is left',
    found: ['body_missing'],
    apply: runSql('UPDATE bodies SET coding = 2, bytes = NULL WHERE hash = (SELECT body FROM nodes LIMIT 1)'),
  },
  {
    name: 'the contents of two texts swapped',
    found: ['body'],
    apply: (victim) => {
      const forger = victim.forger();
      const [one, two] = [anyRow(victim, forger, 'bodies'), anyRow(victim, forger, 'bodies')];
      if (one === null || two === null || one['row'] === two['row'] || one['bytes'] === two['bytes']) return false;
      const update = forger.db.prepare('UPDATE bodies SET coding = ?, bytes = ? WHERE rowid = ?');
      update.run(two['coding'] ?? null, two['bytes'] ?? null, one['row'] ?? null);
      update.run(one['coding'] ?? null, one['bytes'] ?? null, two['row'] ?? null);
      return true;
    },
  },
  {
    name: 'a message put in the place of another',
    found: ['node'],
    apply: nodes('UPDATE nodes SET body = (SELECT hash FROM bodies ORDER BY random() LIMIT 1) WHERE hash = ?'),
  },
  {
    name: 'a list moved behind another',
    found: ['node'],
    apply: nodes('UPDATE nodes SET parent = (SELECT hash FROM nodes ORDER BY random() LIMIT 1) WHERE hash = ?'),
  },
  { name: 'a list removed', found: ['body_missing', 'body_unnamed'], apply: nodes('DELETE FROM nodes WHERE hash = ?') },
  { name: 'how often a list is named', found: ['count'], apply: nodes('UPDATE nodes SET refs = refs + 1 WHERE hash = ?') },
  {
    name: 'a list put in',
    found: ['node', 'body_unnamed'],
    apply: runSql('INSERT INTO nodes (hash, parent, body, refs) VALUES (randomblob(32), NULL, randomblob(32), 1)'),
  },
  { name: 'a policy', found: ['policy', 'policy_missing'], apply: changeColumn('policies', ['json', 'hash']) },
  { name: 'a policy removed', found: ['policy_missing'], apply: namedPolicy },
  { name: 'what is noted as erased', found: ['count'], apply: erasedNote },
  {
    name: 'the log’s id',
    found: ['hash', 'checkpoint'],
    apply: runSql("UPDATE meta SET value = lower(hex(randomblob(16))) WHERE name = 'log'"),
  },
  { name: 'the key', found: ['meta'], apply: (victim) => ownKey(victim) },
  {
    name: 'where the log was given up',
    found: ['meta'],
    apply: runSql("INSERT OR REPLACE INTO meta (name, value) VALUES ('prunedBefore', '99999')"),
  },
  { name: 'what the file says of itself removed', found: [], apply: runSql("DELETE FROM meta WHERE name = 'log'") },
  { name: 'another version', found: [], apply: runSql('PRAGMA user_version = 2') },
  {
    name: 'a table removed',
    found: [],
    apply: (victim) =>
      runSql(`DROP TABLE ${victim.dice.pick(['log', 'records', 'bodies', 'nodes', 'policies', 'scores', 'meta'])}`)(victim),
  },
  {
    name: 'a trigger that hides what comes',
    found: ['schema'],
    apply: runSql('CREATE TRIGGER hide AFTER INSERT ON records BEGIN DELETE FROM records WHERE seq = new.seq; END'),
  },
  {
    name: 'a view in the place of a table',
    found: ['schema'],
    apply: runSql('ALTER TABLE records RENAME TO kept; CREATE VIEW records AS SELECT * FROM kept'),
  },
];

function nodes(sql: string): (victim: Victim) => boolean {
  return (victim) => {
    const forger = victim.forger();
    const hashes = forger.db.prepare('SELECT hash FROM nodes').all();
    if (hashes.length === 0) return false;
    forger.db.prepare(sql).run(victim.dice.pick(hashes)['hash'] ?? null);
    return true;
  };
}

/** A policy that entries of the log still name. */
function namedPolicy(victim: Victim): boolean {
  const forger = victim.forger();
  const names = forger
    .from(forger.first())
    .map(({ bytes }) => (JSON.parse(bytes.toString('utf8')) as Record<string, unknown>)['policyHash']);
  const named = names.filter((name) => typeof name === 'string');
  if (named.length === 0) return false;
  forger.db.prepare('DELETE FROM policies WHERE hash = ?').run(victim.dice.pick(named));
  return true;
}

function erasedNote(victim: Victim): boolean {
  const forger = victim.forger();
  const noted = forger.db.prepare('SELECT erased.id FROM erased JOIN records ON records.id = erased.id').all();
  if (noted.length === 0) return false;
  forger.db.prepare('UPDATE erased SET seq = seq + 1 WHERE id = ?').run(victim.dice.pick(noted)['id'] ?? null);
  return true;
}

function ownKey(victim: Victim): boolean {
  const forger = victim.forger();
  forger.db.prepare("UPDATE meta SET value = ? WHERE name = 'key'").run(forger.ownPublicKey);
  return true;
}

/** Raw bytes, in the file and in the outside copy. */
const rawTamperings: readonly Tampering[] = [
  { name: 'a bit of the file', found: [], apply: ({ file, dice }) => raw(file, (bytes) => flipped(bytes, dice)) },
  {
    name: 'a bit of an entry in the file',
    found: [],
    apply: ({ file, dice }) =>
      raw(file, (bytes) => {
        const starts = [...bytes.toString('latin1').matchAll(/\{"seq":\d+,"type":"/g)].map(({ index }) => index);
        const at = dice.pick(starts) + dice.int(0, 200);
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.int(0, 7));
        return bytes;
      }),
  },
  {
    name: 'some bytes of the file',
    found: [],
    apply: ({ file, dice }) =>
      raw(file, (bytes) => {
        const at = dice.int(0, bytes.length - 64);
        for (let byte = at; byte < at + dice.int(1, 64); byte++) bytes[byte] = dice.int(0, 255);
        return bytes;
      }),
  },
  {
    name: 'a page put over another',
    found: [],
    apply: ({ file, dice }) =>
      raw(file, (bytes) => {
        const pages = bytes.length / 8192;
        const from = dice.int(1, pages - 1) * 8192;
        bytes.copyWithin(dice.int(1, pages - 1) * 8192, from, from + 8192);
        return bytes;
      }),
  },
  {
    name: 'a page emptied',
    found: [],
    apply: ({ file, dice }) => raw(file, (bytes) => bytes.fill(0, (dice.int(1, bytes.length / 8192) - 1) * 8192).subarray(0)),
  },
  {
    name: 'the end of the file cut off',
    found: [],
    apply: ({ file, dice }) => raw(file, (bytes) => bytes.subarray(0, dice.int(0, bytes.length - 1))),
  },
  { name: 'a bit of the outside copy', found: ['outside'], apply: ({ outside, dice }) => raw(outside, (bytes) => flipped(bytes, dice)) },
  {
    name: 'a line of another log in the outside copy',
    found: ['outside'],
    apply: ({ outside }) =>
      raw(outside, (bytes) =>
        Buffer.concat([
          bytes,
          Buffer.from(
            bytes
              .toString('utf8')
              .split('\n')[0]
              ?.replace(/"log":"./, '"log":"g') ?? '',
          ),
          Buffer.from('\n'),
        ]),
      ),
  },
  { name: 'nothing left of the outside copy', found: ['outside'], apply: ({ outside }) => raw(outside, () => Buffer.alloc(0)) },
];

function raw(path: string, change: (bytes: Buffer) => Buffer): boolean {
  writeFileSync(path, change(readFileSync(path)));
  return true;
}

export const TAMPERINGS: readonly Tampering[] = [...chainTamperings, ...tableTamperings, ...rawTamperings];
