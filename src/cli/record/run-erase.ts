import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { principalNamed } from '#control/erase-answer.ts';
import { KeyRing } from '#identity/key-ring.ts';
import { Erasing } from '#record/erase.ts';
import type { EraseAsk, Erased } from '#record/erase.ts';
import { logPath, openLog } from '#record/open-log.ts';
import { openDataFolder } from '#store/data-folder.ts';
import type { DataFolder } from '#store/data-folder.ts';
import { isStartProblem } from '#store/ports.ts';
import { dataFolderOf } from '#cli/data-folder.ts';
import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import { ageOf } from '#cli/moment.ts';
import { askIfRunning, jsonOf } from '#cli/operator.ts';
import type { Shell } from '#cli/shell.ts';
import { cannotStart } from '#cli/start-problem.ts';

/** What `gatehouse records erase` was told besides ids. */
export interface EraseOptions {
  readonly key?: string;
  readonly olderThan?: string;
  readonly yes?: true;
  readonly data?: string;
  readonly json?: true;
}

/** Which calls, as the running house is asked. */
type Wanted = { readonly ids: readonly string[] } | { readonly key: string } | { readonly before: number };

/** Erases what was said in calls; gives the exit code. */
export async function runErase(ids: readonly string[], options: EraseOptions, shell: Shell): Promise<number> {
  const now = Date.now();
  const wanted = wantedOf(ids, options, now);
  if (options.yes !== true) await confirm(ids, options, shell);
  const folder = dataFolderOf(options.data, shell);
  const reply = await askIfRunning(folder, { method: 'POST', path: '/admin/records/erase', body: wanted });
  const erased = reply === null ? await eraseInFolder(folder, wanted, { now, shell }) : await jsonOf<Erased>(reply);
  shell.out(options.json === true ? `${JSON.stringify(erased, null, 2)}\n` : erasedText(erased));
  if ('ids' in wanted && erased.unknown.length > 0) {
    shell.err(`no call that has ended has the id ${erased.unknown.join(', ')}\n`);
    return exitCodes.invalid;
  }
  return exitCodes.ok;
}

function wantedOf(ids: readonly string[], { key, olderThan }: EraseOptions, now: number): Wanted {
  if ([ids.length > 0, key !== undefined, olderThan !== undefined].filter(Boolean).length !== 1)
    throw new CliStop(exitCodes.invalid, 'say which calls: by their ids, or --key, or --older-than');
  if (key !== undefined) return { key };
  return olderThan === undefined ? { ids } : { before: Math.max(0, now - ageOf(olderThan)) };
}

async function confirm(ids: readonly string[], { key, olderThan }: EraseOptions, shell: Shell): Promise<void> {
  const which =
    key !== undefined
      ? `all calls of the key ${key}`
      : olderThan !== undefined
        ? `all calls older than ${olderThan}`
        : ids.length === 1
          ? `the call ${ids[0] ?? ''}`
          : `${ids.length} calls`;
  if (!shell.errIsTty || !process.stdin.isTTY)
    throw new CliStop(exitCodes.invalid, `this would remove what was said in ${which}, for good; if that is meant, add --yes`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`Remove what was said in ${which}? It cannot be brought back. [y/N] `);
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new CliStop(exitCodes.invalid, 'nothing was removed');
  } finally {
    lines.close();
  }
}

/** No house runs: the folder is ours for the time it takes. */
async function eraseInFolder(
  path: string,
  wanted: Wanted,
  { now, shell }: { readonly now: number; readonly shell: Shell },
): Promise<Erased> {
  const folder = await openDataFolder(path);
  if (isStartProblem(folder)) throw cannotStart(folder);
  try {
    if (!existsSync(logPath(folder.path))) throw new CliStop(exitCodes.invalid, `there is no record in ${folder.path}`);
    const ask = 'key' in wanted ? { principal: await principalIn(folder, wanted.key) } : wanted;
    return eraseInLog(folder.path, ask, { now, shell });
  } finally {
    folder.close();
  }
}

async function principalIn(folder: DataFolder, key: string): Promise<string> {
  const ring = await KeyRing.open(folder.files, { random: (bytes) => randomBytes(bytes), now: () => Date.now() });
  if (isStartProblem(ring)) throw cannotStart(ring);
  const principal = principalNamed(key, ring.list());
  if (typeof principal !== 'string') throw new CliStop(exitCodes.invalid, principal.message);
  return principal;
}

function eraseInLog(folder: string, ask: EraseAsk, { now, shell }: { readonly now: number; readonly shell: Shell }): Erased {
  const opened = openLog(folder, now);
  if (isStartProblem(opened)) throw cannotStart(opened);
  for (const note of opened.notes) shell.err(`${note}\n`);
  try {
    const erasing = new Erasing(opened.writer, { ask, by: 'operator', removed: () => {} });
    while (erasing.slice(now));
    return erasing.finish();
  } finally {
    opened.writer.close();
  }
}

function erasedText({ records, texts, bytes, shared, emptied }: Erased): string {
  if (records === 0) return 'nothing was removed: nothing is kept of what was said there\n';
  const lines = [`what was said in ${counted(records, 'call')} is removed: ${counted(texts, 'text')}, ${kilobytes(bytes)}`];
  if (shared > 0)
    lines.push(
      `${counted(shared, 'text')} of theirs ${shared === 1 ? 'stays' : 'stay'}: calls that were not erased hold ${shared === 1 ? 'it' : 'them'} too`,
    );
  if (!emptied) lines.push('somebody is reading the record: the last traces go from its files when they are done');
  return `${lines.join('\n')}\n`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function kilobytes(bytes: number): string {
  return `${Math.max(1, Math.round(bytes / 1_000))} kB`;
}
