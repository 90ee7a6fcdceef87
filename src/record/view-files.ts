import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineFile } from '#store/line-file.ts';
import type { IdleTask } from './idle-task.ts';
import { LOG_VIEWS } from './log-views.ts';
import type { LogView } from './log-views.ts';
import type { LogWriter } from './log-writer.ts';
import { LogReader } from './read-log.ts';

const rotation = { rotateBytes: 64 * 1024 * 1024, keep: 8 };
/** Holds which log the files are of, and its last entry whose lines are in them. */
const placeName = 'record-files';

/**
 * Writes the views of the log as rotated files of lines beside it, some moments after the entries themselves. They are copies: that they
 * cannot be written costs no call its answer, and a crash may leave the last lines in them twice.
 */
export function viewFiles(writer: LogWriter, folder: string, tell: (note: string) => void): IdleTask {
  const reader = new LogReader(writer.database);
  const path = join(folder, placeName);
  let files: readonly { readonly view: LogView; readonly file: LineFile }[] | null = null;
  let through = readPlace(path, writer.logId);
  let failing = false;
  return {
    name: 'files of lines',
    slice: async () => {
      if (through === writer.head.seq) return false;
      try {
        files ??= await Promise.all(
          LOG_VIEWS.map(async (view) => ({ view, file: await LineFile.open(join(folder, `${view.name}.jsonl`), rotation) })),
        );
        const pages = files.map(({ view, file }) => ({ file, page: reader.page(view, through) }));
        for (const { file, page } of pages) if (page.lines.length > 0) await file.append(`${page.lines.join('\n')}\n`);
        through = pages[0]?.page.through ?? through;
        writeFileSync(path, `${writer.logId} ${through}`, { mode: 0o600 });
        failing = false;
        return pages.some(({ page }) => page.more);
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
