/**
 * The house of the bench with a record that takes everything and keeps nothing: what it costs less than the real one is what the record costs.
 * It is put together here, since no house that anybody starts can be told not to keep its record. `node bench/unrecorded-house.bench.ts <policy>
 * <data folder> <host:port>`, under the launcher's flags; says its key once it serves.
 */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { houseParts } from '#compose/house-parts.ts';
import type { HouseGround } from '#compose/house-parts.ts';
import { openDoors } from '#compose/open-doors.ts';
import { provenPolicy } from '#compose/prove-house.ts';
import { systemClock } from '#compose/system-clock.ts';
import { loadPolicyFile } from '#config/load.ts';
import { systemResolver } from '#egress/resolver.ts';
import { KeyRing } from '#identity/key-ring.ts';
import { openDataFolder } from '#store/data-folder.ts';
import { isStartProblem } from '#store/ports.ts';
import type { StartProblem } from '#store/ports.ts';

const [policyPath = '', dataFolder = '', listen = ''] = process.argv.slice(2);

/** As the command does before it serves. */
setFlagsFromString('--no-allocation-site-pretenuring');

const keepsNothing: HouseGround['store'] = {
  commit: () => Promise.resolve(),
  writable: () => true,
  close: () => Promise.resolve(),
  use: () => {},
  ask: () => Promise.resolve(null),
  standing: () => ({ checkpointAt: null, pruned: 0, entries: 0 }),
};

function right<T extends object>(started: T | StartProblem): T {
  if (isStartProblem(started)) throw new Error(started.problem);
  return started;
}

const readPolicy: HouseGround['readPolicy'] = () => loadPolicyFile(policyPath, { file: policyPath, env: process.env });
const loaded = provenPolicy(readPolicy());
if (!loaded.ok) throw new Error('the policy does not load');
const clock = systemClock;
const folder = right(await openDataFolder(dataFolder));
const keys = right(await KeyRing.open(folder.files, { random: (bytes) => randomBytes(bytes), now: () => clock.wallNow() }));
const parts = houseParts({
  version: 'bench',
  clock,
  resolver: systemResolver(),
  loaded,
  readPolicy,
  policyPath,
  folder,
  keys,
  store: keepsNothing,
  demo: null,
  onTold: () => {},
});
const doors = right(
  await openDoors(parts, keys, {
    clock,
    folder: folder.path,
    listen: [listen],
    limits: {},
    onFault: (where, error) => console.error(where, error),
  }),
);
const { key } = await keys.create({ profile: loaded.policy.profiles[0]?.name ?? '', name: 'bench' });
await parts.start();
async function close(): Promise<void> {
  await doors.close(0);
  parts.stop();
  folder.close();
}

process.once('SIGTERM', () => void close());
console.log(`${key}\nTry:`);
