import { setTimeout as pause } from 'node:timers/promises';
import { exitCodes } from '#cli/exit-codes.ts';
import { momentOf } from '#cli/moment.ts';
import type { Shell } from '#cli/shell.ts';
import { LOG_VIEWS } from '#record/log-views.ts';
import { LogReader } from '#record/read-log.ts';
import { openRecord } from './open-record.ts';

export interface LogOptions {
  readonly since?: string;
  readonly follow?: true;
  readonly data?: string;
}

const followMs = 300;

/** Writes the lines of one view of the record; gives the exit code. */
export async function runLog(name: string, options: LogOptions, shell: Shell): Promise<number> {
  const view = LOG_VIEWS.find((each) => each.name === name);
  if (!view) return exitCodes.invalid;
  const from = options.since === undefined ? null : momentOf(options.since, Date.now());
  const database = openRecord(options.data, shell);
  try {
    const reader = new LogReader(database);
    let through = from === null ? 0 : reader.lastBefore(from);
    for (;;) {
      const page = reader.page(view, through);
      through = page.through;
      for (const line of page.lines) shell.out(`${line}\n`);
      if (page.more) continue;
      if (options.follow !== true) return exitCodes.ok;
      await pause(followMs);
    }
  } finally {
    database.close();
  }
}
