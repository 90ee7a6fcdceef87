import type { SQLInputValue } from 'node:sqlite';
import type { Dice } from '#test/sim/random.ts';
import { anyRow, flipped } from './tampering.ts';
import type { Tampering, Victim } from './tampering.ts';

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

/** What lies beside the chain in the file. */
export const tableTamperings: readonly Tampering[] = [
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
  { name: 'a term removed', found: ['term_missing'], apply: changeTerms('DELETE FROM terms WHERE (term, seq) = (?, ?)') },
  {
    name: 'a call without its terms',
    found: ['term_missing'],
    apply: changeTerms('DELETE FROM terms WHERE ? IS NOT NULL AND seq = ?'),
  },
  {
    name: 'a term that leads to another call',
    found: ['term_missing'],
    apply: changeTerms('UPDATE terms SET seq = (SELECT seq FROM records ORDER BY random() LIMIT 1) WHERE (term, seq) = (?, ?)'),
  },
  {
    name: 'a term that says something else',
    found: ['term_missing'],
    apply: changeTerms("UPDATE terms SET term = term || 'x' WHERE (term, seq) = (?, ?)"),
  },
  {
    name: 'a term put in',
    found: ['term_extra'],
    apply: changeTerms("INSERT OR IGNORE INTO terms (term, seq) VALUES (replace(?, '=', '=k'), ?)"),
  },
  {
    name: 'how far terms were written moved on',
    found: ['meta'],
    apply: runSql(`INSERT OR REPLACE INTO meta (name, value) VALUES ('termsThrough', (SELECT max(seq) + 1000 FROM log))`),
  },
  {
    name: 'how far terms were written moved on to the last call',
    found: ['meta', 'term_missing'],
    apply: runSql(`INSERT OR REPLACE INTO meta (name, value) VALUES ('termsThrough', (SELECT max(seq) FROM records))`),
  },
  { name: 'how far terms were written moved back', found: ['meta', 'term_extra'], apply: moveMarkBack },
  {
    name: 'how far terms were written spelt as no number',
    found: ['meta'],
    apply: runSql("INSERT OR REPLACE INTO meta (name, value) VALUES ('termsThrough', '0x10')"),
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
    name: 'a reply that was kept, as if only its hash had been',
    found: ['body_missing'],
    apply: runSql(
      'UPDATE bodies SET coding = 2, bytes = NULL WHERE hash = (SELECT hash FROM bodies WHERE coding <> 2 AND hash NOT IN (SELECT body FROM nodes) ORDER BY hash LIMIT 1)',
    ),
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
    name: 'a call noted as erased that is not there',
    found: ['count'],
    apply: (victim) => {
      const forger = victim.forger();
      const [first, { covered, dice }] = [forger.first(), victim];
      const seq = first > 1 ? dice.int(1, first - 1) : dice.int(1, covered);
      forger.db.prepare('INSERT OR REPLACE INTO erased (id, seq) VALUES (?, ?)').run('forged', seq);
      return true;
    },
  },
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
      runSql(`DROP TABLE ${victim.dice.pick(['log', 'records', 'bodies', 'nodes', 'policies', 'scores', 'terms', 'meta'])}`)(victim),
  },
  {
    name: 'a trigger that hides what comes',
    found: ['schema'],
    apply: runSql('CREATE TRIGGER hide AFTER INSERT ON records BEGIN DELETE FROM records WHERE seq = new.seq; END'),
  },
  {
    name: 'an index by which calls replace each other',
    found: ['schema'],
    apply: runSql("CREATE UNIQUE INDEX hide ON records (principal) WHERE principal = 'k_mallory'"),
  },
  {
    name: 'a table that drops what comes',
    found: ['schema'],
    apply: runSql(`ALTER TABLE records ADD COLUMN hide AS (iif(principal = 'k_mallory', NULL, 1)) NOT NULL ON CONFLICT IGNORE`),
  },
  {
    name: 'a view in the place of a table',
    found: ['schema'],
    apply: runSql('ALTER TABLE records RENAME TO kept; CREATE VIEW records AS SELECT * FROM kept'),
  },
];

/** Changes a random term, or those of its call. */
function changeTerms(sql: string): (victim: Victim) => boolean {
  return (victim) => {
    const forger = victim.forger();
    const terms = forger.db.prepare('SELECT term, seq FROM terms').all();
    if (terms.length === 0) return false;
    const { term, seq } = victim.dice.pick(terms);
    try {
      return forger.db.prepare(sql).run(term ?? null, seq ?? null).changes > 0;
    } catch {
      // The other call has that term, too.
      return false;
    }
  };
}

function moveMarkBack(victim: Victim): boolean {
  const { db } = victim.forger();
  const ends = db.prepare('SELECT DISTINCT seq FROM terms').all();
  if (ends.length === 0) return false;
  db.prepare("UPDATE meta SET value = ? WHERE name = 'termsThrough'").run(String(Number(victim.dice.pick(ends)['seq']) - 1));
  return true;
}

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
