import { randomBytes } from 'node:crypto';
import { unknownName } from '#control/resolve-drain.ts';
import { KeyRing } from '#identity/key-ring.ts';
import type { ListedKey, NewKey } from '#identity/key-ring.ts';
import { openDataFolder } from '#store/data-folder.ts';
import { isStartProblem } from '#store/ports.ts';
import { dataFolderOf } from './data-folder.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { tablesFromPolicy } from './load-house.ts';
import { askIfRunning, jsonOf } from './operator.ts';
import { painter } from './shell.ts';
import type { Shell } from './shell.ts';
import { cannotStart } from './start-problem.ts';
import { textTable } from './text-table.ts';

/** What a `gatehouse keys` command was told. */
export interface KeysOptions {
  readonly profile?: string;
  readonly name?: string;
  readonly policy?: string;
  readonly data?: string;
  readonly json?: true;
}

/** Makes a key and shows it; gives the exit code. */
export async function runKeysNew(options: KeysOptions, shell: Shell): Promise<number> {
  const folder = dataFolderOf(options.data, shell);
  const reply = await askIfRunning(folder, { method: 'POST', path: '/admin/keys', body: { profile: options.profile, name: options.name } });
  const made = reply === null ? await makeKey(folder, options, shell) : await jsonOf<NewKey>(reply);
  if (options.json === true) shell.out(`${JSON.stringify(made, null, 2)}\n`);
  else {
    shell.out(`${made.key}\n`);
    shell.err(`${made.name} (${made.id}); it is shown this once. Use it with: export GATEHOUSE_KEY=${made.key}\n`);
  }
  return exitCodes.ok;
}

async function makeKey(folder: string, options: KeysOptions, shell: Shell): Promise<NewKey> {
  const profile = profileOf(options, shell);
  return onRing(folder, (ring) => ring.create({ profile, name: options.name ?? profile }));
}

/** The profile of a key that is made while the house does not run: it must be in the policy that will be served. */
function profileOf(options: KeysOptions, shell: Shell): string {
  const tables = tablesFromPolicy(options.policy, shell);
  if (tables === null) return options.profile ?? 'sovereign';
  const profiles = [...tables.profiles.keys()];
  const profile = options.profile ?? profiles[0] ?? '';
  if (!tables.profiles.has(profile)) throw new CliStop(exitCodes.invalid, unknownName(profile, profiles, { what: 'profile' }).message);
  return profile;
}

/** Lists the keys; gives the exit code. */
export async function runKeysList(options: KeysOptions, shell: Shell): Promise<number> {
  const folder = dataFolderOf(options.data, shell);
  const reply = await askIfRunning(folder, { method: 'GET', path: '/admin/keys' });
  const keys =
    reply === null
      ? await onRing(folder, (ring) => Promise.resolve(ring.list()))
      : (await jsonOf<{ readonly keys: readonly ListedKey[] }>(reply)).keys;
  if (options.json === true) {
    shell.out(`${JSON.stringify({ keys }, null, 2)}\n`);
    return exitCodes.ok;
  }
  if (keys.length === 0) shell.out('there is no key; make one with: gatehouse keys new\n');
  else shell.out(keyTable(keys, shell));
  return exitCodes.ok;
}

function keyTable(keys: readonly ListedKey[], shell: Shell): string {
  const paint = painter(shell, shell.outIsTty);
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  const rows = keys.map(({ id, name, profile, createdAt, revokedAt }) => [
    id,
    name,
    profile,
    day(createdAt),
    revokedAt === null ? paint('green', 'live') : paint('dim', `revoked ${day(revokedAt)}`),
  ]);
  return textTable([['id', 'name', 'profile', 'made', ''].map((cell) => paint('dim', cell)), ...rows]);
}

/** Revokes a key; gives the exit code. */
export async function runKeysRevoke(key: string, options: KeysOptions, shell: Shell): Promise<number> {
  const folder = dataFolderOf(options.data, shell);
  const reply = await askIfRunning(folder, { method: 'POST', path: '/admin/keys/revoke', body: { key } });
  if (reply !== null) await jsonOf<unknown>(reply);
  else if (!(await onRing(folder, (ring) => ring.revoke(key))))
    throw new CliStop(exitCodes.invalid, `no live key "${key}"; see: gatehouse keys list`);
  shell.out(`${key} is revoked\n`);
  return exitCodes.ok;
}

/** Works on the keys of a data folder that no house uses now. */
async function onRing<T>(path: string, work: (ring: KeyRing) => Promise<T>): Promise<T> {
  const folder = await openDataFolder(path);
  if (isStartProblem(folder)) throw cannotStart(folder);
  try {
    const ring = await KeyRing.open(folder.files, { random: (bytes) => randomBytes(bytes), now: () => Date.now() });
    if (isStartProblem(ring)) throw cannotStart(ring);
    return await work(ring);
  } finally {
    folder.close();
  }
}
