import { nextHash, firstHash } from './chain.ts';
import type { IdleTask } from './idle-task.ts';
import { logRows } from './log-rows.ts';
import type { LogWriter } from './log-writer.ts';

/** Entries checked in one slice: about two milliseconds. */
const sliceEntries = 200;

/** Checks the whole log once, from its first entry to where it ended when the house started; says what it finds. */
export function fullCheck(writer: LogWriter, tell: (note: string) => void): IdleTask {
  const last = writer.head.seq;
  let next = 1;
  let before: Uint8Array | null = firstHash(writer.logId);
  let done = false;
  return {
    name: 'full check',
    slice: () => {
      if (done) return false;
      let seen = 0;
      for (const row of logRows(writer.database, next, Math.min(last, next + sliceEntries - 1))) {
        seen++;
        // In front of the first entry of a pruned log there is nothing to compare with.
        if (row.seq !== next) before = null;
        if (before !== null && !nextHash(before, row.bytes).equals(row.hash)) {
          tell(`the record is damaged at entry ${row.seq}: its hash is not that of the chain; look at it with: gatehouse audit verify`);
          done = true;
          return false;
        }
        before = row.hash;
        next = row.seq + 1;
      }
      if (seen === 0) next = firstBehind(writer, next, last);
      done = next > last;
      return !done;
    },
  };
}

function firstBehind(writer: LogWriter, from: number, last: number): number {
  const found = writer.database.prepare('SELECT min(seq) AS seq FROM log WHERE seq >= ?').get(from)?.['seq'];
  return typeof found === 'number' ? found : last + 1;
}
