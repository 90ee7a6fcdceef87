import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { recordColumns, scoreColumns } from './expected-row.ts';
import type { Findings } from './finding.ts';
import { eachRow } from './merge-rows.ts';
import { wordsOf } from './open-record.ts';

/** The tables of the format and the columns that are checked. Others may stand beside them and are the writer's own. */
const tables: Readonly<Record<string, readonly string[]>> = {
  meta: ['name', 'value'],
  log: ['seq', 'hash', 'bytes'],
  policies: ['hash', 'json'],
  nodes: ['hash', 'parent', 'body'],
  bodies: ['hash', 'digest', 'salt', 'coding', 'bytes'],
  records: recordColumns,
  scores: scoreColumns,
  terms: ['term', 'seq'],
};

/** What the writer never says of a table: it would change what comes, drop it, or find something else. */
const strangeClauses = /\b(?:conflict|generated|check|collate|default|references)\b|\bas\s*\(/i;

/** How many faults of the file SQLite is asked to list. */
const faultsMax = 20;

/** Whether the pages of the file fit together, indexes included: SQLite's own examination. */
export function checkPages(db: DatabaseSync, findings: Findings): void {
  try {
    for (const row of db.prepare(`PRAGMA integrity_check(${faultsMax})`).iterate()) {
      const said = String(row['integrity_check']);
      if (said !== 'ok') findings.add('damaged', null, said.replaceAll(/\s+/g, ' '));
    }
  } catch (error) {
    findings.add('damaged', null, `the examination of the file ended: ${wordsOf(error)}`);
  }
}

/** Whether the tables are there; tells which of them cannot be read, so that nothing else asks for these. */
export function checkTables(db: DatabaseSync, findings: Findings): boolean {
  let whole = true;
  for (const [table, columns] of Object.entries(tables)) {
    try {
      db.prepare(`SELECT ${columns.join(', ')} FROM ${table} LIMIT 0`).all();
    } catch (error) {
      whole = false;
      findings.add('schema', null, `${table}: ${wordsOf(error)}`);
    }
  }
  const sql = "SELECT type, name, sql FROM sqlite_schema WHERE type <> 'index' OR (sql IS NOT NULL AND name <> 'scores_id')";
  const see = ({ type, name, sql: text }: Readonly<Record<string, unknown>>): void => {
    if (type !== 'table') findings.add('schema', null, `the file has a ${String(type)} ${String(name)}, which the writer does not make`);
    else if (typeof text === 'string' && strangeClauses.test(text))
      findings.add(
        'schema',
        null,
        `the table ${String(name)} was declared otherwise than the writer does: what is written to it may be dropped`,
      );
  };
  eachRow(db, sql, { table: 'the schema', findings, see });
  return whole;
}

/** Whether every policy is what its hash says, and every one that entries name is there. Gives their number. */
export function checkPolicies(
  db: DatabaseSync,
  findings: Findings,
  options: { readonly named: ReadonlyMap<string, number>; readonly pruned: boolean },
): number {
  const there = new Set<string>();
  const see = ({ hash, json }: Readonly<Record<string, unknown>>): void => {
    const name = String(hash);
    there.add(name);
    const hashed = createHash('sha256').update(String(json)).digest('hex');
    if (typeof json !== 'string' || hashed !== hash)
      findings.add('policy', options.named.get(name) ?? null, `the policy ${name} was changed`);
    // The entries that named it may be gone with the log's beginning.
    else if (!options.named.has(name) && !options.pruned) findings.add('policy', null, `no entry names the policy ${name}`);
  };
  eachRow(db, 'SELECT hash, json FROM policies', { table: 'policies', findings, see });
  for (const [name, seq] of options.named) if (!there.has(name)) findings.add('policy_missing', seq, `the policy ${name} is gone`);
  return there.size;
}

/** The writer's own list of the calls whose texts it gave up, where it keeps one, against the erase entries. */
export function checkErased(
  db: DatabaseSync,
  findings: Findings,
  options: { readonly erased: ReadonlySet<string>; readonly first: number; readonly before: number },
): void {
  const has = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'erased'").get();
  if (has === undefined) return;
  const noted = new Set<string>();
  const see = ({ id, seq, ended }: Readonly<Record<string, unknown>>): void => {
    noted.add(String(id));
    if (ended !== null && ended !== seq)
      findings.add('count', Number(ended), `${String(id)} is noted as erased with another end than it has`);
    // A call is erased after it ended: where its end is, the entry that erased it is, too. Notes go with the last of what was given up.
    if (Number(seq) < options.first ? options.first >= options.before : !options.erased.has(String(id)))
      findings.add('count', null, `${String(id)} is noted as erased, and no entry erased it`);
  };
  eachRow(db, 'SELECT erased.id, erased.seq, records.seq AS ended FROM erased LEFT JOIN records ON records.id = erased.id', {
    table: 'erased',
    findings,
    see,
  });
  const isThere = db.prepare('SELECT 1 FROM records WHERE id = ?');
  for (const id of options.erased)
    if (!noted.has(id) && isThere.get(id) !== undefined) findings.add('count', null, `${id} was erased and is not noted`);
}
