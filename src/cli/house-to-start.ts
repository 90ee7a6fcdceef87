import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { policyFromValue } from '#config/from-value.ts';
import { findPolicy } from '#config/find-policy.ts';
import { loadPolicyFile } from '#config/load.ts';
import type { LoadedPolicy, RefusedPolicy } from '#config/load.ts';
import type { PolicyFile } from '#config/schema.ts';
import { startDemo } from '#demo/start-demo.ts';
import type { Demo } from '#demo/start-demo.ts';
import { askPlaces } from '#discovery/ask-places.ts';
import { discoveredPolicy } from '#discovery/discovered-policy.ts';
import { places } from '#discovery/ports.ts';
import { openDataFolder } from '#store/data-folder.ts';
import { isStartProblem } from '#store/ports.ts';
import { dataFolderOf, demoFolderOf } from './data-folder.ts';
import { foundLines } from './found-lines.ts';
import type { Shell } from './shell.ts';
import { cannotStart } from './start-problem.ts';

/** What `gatehouse up` was told. */
export interface UpOptions {
  readonly policy?: string;
  readonly data?: string;
  readonly listen?: string;
  /** False with `--no-discover`. */
  readonly discover: boolean;
  readonly watch?: true;
  readonly demo?: true;
}

/** What is about to be served, and where from. */
export interface HouseToStart {
  /** For people: the file, `found on this machine`, `the demo house`. */
  readonly source: string;
  readonly readPolicy: () => LoadedPolicy | RefusedPolicy;
  readonly policyPath: string | null;
  readonly dataFolder: string;
  readonly demo: Demo | null;
}

/** How long the places on this machine may take to answer, all together. */
const discoveryMs = 500;
const listenDefault = ['127.0.0.1:8484'];

/** The policy that is named or found; without one what runs on this machine; without that, or if asked for, the demo house. */
export async function houseToStart(options: UpOptions, shell: Shell): Promise<HouseToStart> {
  const dataFolder = dataFolderOf(options.data, shell);
  if (options.demo === true) return demoHouse(dataFolder);
  const found = findPolicy({ option: options.policy, env: shell.env, cwd: shell.cwd });
  if (found !== null) {
    const readPolicy = (): LoadedPolicy | RefusedPolicy => loadPolicyFile(found.path, { file: found.file, env: shell.env });
    return { source: found.file, readPolicy, policyPath: found.path, dataFolder, demo: null };
  }
  const value = options.discover ? await discover(shell) : null;
  if (value === null) return demoHouse(dataFolder);
  const { loaded } = policyFromValue(value, { file: 'what was found', contextMayBeUnknown: true });
  return { source: 'found on this machine', readPolicy: () => loaded, policyPath: null, dataFolder, demo: null };
}

async function discover(shell: Shell): Promise<PolicyFile | null> {
  const ports = places.map((place) => place.port).join(', ');
  shell.err(`no policy found; asking this machine for model servers, on 127.0.0.1 only (ports ${ports}; --no-discover asks nobody)\n`);
  const found = await askPlaces(places, { budgetMs: discoveryMs });
  for (const line of foundLines(found)) shell.err(`  ${line}\n`);
  return discoveredPolicy(found.servers, { listen: listenDefault });
}

/** Starts the machines; their key is made anew at each start, so that it can be shown at each. */
async function demoHouse(dataFolder: string): Promise<HouseToStart> {
  const folder = demoFolderOf(dataFolder);
  await forgetKeys(folder);
  const demo = await startDemo({ listen: listenDefault });
  const { loaded } = policyFromValue(demo.policy, { file: 'the demo house' });
  return { source: 'the demo house', readPolicy: () => loaded, policyPath: null, dataFolder: folder, demo };
}

/** Only while this process holds the folder: another demo house that runs keeps its own. */
async function forgetKeys(path: string): Promise<void> {
  const folder = await openDataFolder(path);
  if (isStartProblem(folder)) throw cannotStart(folder);
  for (const name of ['keys.json', 'key-secret', 'drains.json']) rmSync(join(folder.path, name), { force: true });
  folder.close();
}
