/**
 * How long questions to a large record take: pages of lists under common and rare filters, one call in full, sums. Prints JSON: of each
 * question how long it took, 20 times. `node bench/asking.bench.ts [calls]`; a million if it is not said.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { costGroups } from '#record/asking/cost-groups.ts';
import { latestRecords, listRecords } from '#record/asking/list-records.ts';
import type { RecordFilter } from '#record/asking/list-records.ts';
import { readCall } from '#record/asking/read-call.ts';
import { openForAsking } from '#record/asking/record-reader.ts';
import { TermTask } from '#record/asking/terms.ts';
import { openLog } from '#record/open-log.ts';
import { startColumns } from '#record/projection.ts';
import { startEntry, terminalEntry } from '#record/spell-entry.ts';
import type { NewEntry } from '#record/writer-messages.ts';
import { isStartProblem } from '#store/ports.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';

const calls = Number(process.argv[2] ?? 1_000_000);
const atOnce = 500;
const times = 20;
const measured: { readonly name: string; readonly tookMs: readonly number[]; readonly found: number }[] = [];

/** One call in a hundred thousand is of the rare task, key, machine and result. */
function entriesOf(n: number, place: number): readonly NewEntry[] {
  const rare = n % 100_000 === 77;
  const intent = intentWith({
    id: `req_${n.toString(36).padStart(8, '0')}`,
    at: 1_795_000_000_000 + n * 500,
    principal: rare ? 'k_rare' : `k_${n % 7}`,
    profile: n % 7 < 3 ? 'family' : 'guests',
    task: rare ? 'rare' : n % 3 === 0 ? `task-${n % 50}` : null,
    session: `session-${Math.floor(n / 20)}`,
    decision: {
      reason: 'rest',
      bucket: null,
      route: rare ? 'rare' : `route-${n % 6}`,
      promotedTo: null,
      notes: [],
      plan: null,
      refusal: null,
    },
  });
  const upstream = rare ? 'rare' : `machine-${n % 5}`;
  const usage = { input: 812, output: 144, cachedInput: null, reasoning: null };
  const terminal = terminalWith({
    id: intent.id,
    at: intent.at + 400,
    result: n % 50_000 === 99 ? 'failed' : 'ok',
    servedBy: `${upstream}/model`,
    attempts: [attemptWith({ target: `${upstream}/model` })],
    usage,
    costNano: 81_200,
  });
  return [
    startEntry({ op: 'start', intent }),
    terminalEntry({ op: 'terminal', terminal }, { columns: startColumns(intent), startSeq: -1 - 2 * place }),
  ];
}

function write(folder: string): void {
  const opened = openLog(folder, 0);
  if (isStartProblem(opened)) throw new Error(opened.problem);
  const { writer } = opened;
  for (let from = 0; from < calls; from += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, calls - from) }, (_, place) => entriesOf(from + place, place)).flat();
    writer.writeBatch(batch, { at: 0, openFrom: writer.head.seq + batch.length + 1 });
  }
  const terms = new TermTask(writer.database, (work) => writer.transaction(work));
  while (terms.slice());
  writer.close();
}

function measure(name: string, work: () => number): void {
  const tookMs: number[] = [];
  let found = 0;
  for (let time = 0; time < times; time++) {
    const before = performance.now();
    found = work();
    tookMs.push(performance.now() - before);
  }
  measured.push({ name, tookMs, found });
}

function list(database: DatabaseSync, filter: RecordFilter, before: number | null = null): number {
  return listRecords(database, filter, { limit: 50, before }).rows.length;
}

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
try {
  write(folder);
  const database = openForAsking(folder);
  measure('the last 50', () => list(database, {}));
  measure('50 from the middle', () => list(database, {}, calls));
  measure('of one route', () => list(database, { route: 'route-3' }));
  measure('of one session', () => list(database, { session: 'session-7' }));
  measure('of a rare task', () => list(database, { task: 'rare' }));
  measure('of a rare key at a rare machine', () => list(database, { principal: 'k_rare', upstream: 'rare' }));
  measure('what failed', () => list(database, { result: 'failed' }));
  measure('a frequent task at a frequent machine that never meet', () => list(database, { task: 'task-0', upstream: 'machine-1' }));
  measure('a frequent key under a frequent profile that never meet', () => list(database, { principal: 'k_1', profile: 'guests' }));
  measure('the same, page after page to the end', () => latestRecords(database, { principal: 'k_1', profile: 'guests' }, 50).length);
  measure('one hour of a route', () => list(database, { route: 'route-3', since: 1_795_010_000_000, until: 1_795_013_600_000 }));
  measure('what nobody did', () => list(database, { task: 'nobody' }));
  measure('one call in full', () =>
    readCall(
      database,
      `req_${Math.floor(calls / 3)
        .toString(36)
        .padStart(8, '0')}`,
    ) === null
      ? 0
      : 1,
  );
  measure('costs of everything by task', () => costGroups(database, 'task', {}).length);
  database.close();
  console.log(JSON.stringify(measured));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
