import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineFile } from '#store/line-file.ts';
import type { IdleTask } from './idle-task.ts';
import { LOG_VIEWS } from './log-views.ts';
import type { LogWriter } from './log-writer.ts';
import { LogReader } from './read-log.ts';

const rotation = { rotateBytes: 64 * 1024 * 1024, keep: 8 };
/** Entries in one slice: a batch waits for it. */
const sliceEntries = 100;
/** Where the files are further behind, they begin here: what is older would fill and rotate them away before anybody has read it. */
const behindMax = 200_000;
/** Holds which log the files are of, and its last entry whose lines are in them. */
const placeName = 'record-files';

/**
 * Writes the views of the log as rotated files of lines beside it, some moments after the entries themselves. They are copies: that they
 * cannot be written costs no call its answer, and a crash may leave the last lines in them twice.
 */
export function viewFiles(writer: LogWriter, folder: string, tell: (note: string) => void): IdleTask {
  const reader = new LogReader(writer.database, sliceEntries);
  const path = join(folder, placeName);
  let files: readonly { readonly file: LineFile }[] | null = null;
  // Of a copy of the log that is older than the files nothing is missing in them.
  let through = Math.min(writer.head.seq, Math.max(readPlace(path, writer.logId), writer.head.seq - behindMax));
  let failing = false;
  return {
    name: 'files of lines',
    slice: async () => {
      if (through === writer.head.seq) return false;
      try {
        files ??= await Promise.all(
          LOG_VIEWS.map(async (view) => ({ file: await LineFile.open(join(folder, `${view.name}.jsonl`), rotation) })),
        );
        const page = reader.pages(LOG_VIEWS, through);
        for (const [index, { file }] of files.entries()) {
          const lines = page.lines[index] ?? [];
          if (lines.length > 0) await file.append(`${lines.join('\n')}\n`);
        }
        through = page.through;
        writeFileSync(path, `${writer.logId} ${through}`, { mode: 0o600 });
        failing = false;
        return page.more;
      } catch (error) {
        if (!failing) tell(`the files of lines cannot be written: ${error instanceof Error ? error.message : String(error)}`);
        failing = true;
        return false;
      }
    },
  };
}

/** 0 for another log: the one that the files are of was put aside. */
function readPlace(path: string, logId: string): number {
  try {
    const [log, seq] = readFileSync(path, 'utf8').split(' ');
    return log === logId ? Number(seq) || 0 : 0;
  } catch {
    return 0;
  }
}
