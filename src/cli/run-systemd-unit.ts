import { fileURLToPath } from 'node:url';
import { keysAt, valueAt } from '#config/policy-source.ts';
import type { PolicySource } from '#config/policy-source.ts';
import { parseAddress } from '#core/units/house-address.ts';
import { dataFolderOf } from './data-folder.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { placesLookedAt, readPolicy, refusedPolicy } from './load-house.ts';
import type { ServiceOptions } from './systemd-unit.ts';
import type { Shell } from './shell.ts';
import { unitText } from './unit-text.ts';

const systemData = '/var/lib/gatehouse';

/** Prints a unit for the policy; gives the exit code. */
export function runService(options: ServiceOptions, shell: Shell): number {
  for (const network of options.clients ?? []) checkNetwork(network);
  const read = readPolicy(options.policy, shell);
  if (read === null)
    throw new CliStop(exitCodes.invalid, `there is no policy to serve; looked at ${placesLookedAt(shell)}; make one with: gatehouse init`);
  if (!read.result.ok) throw refusedPolicy(read.result);
  const system = options.system === true;
  const { policy, source } = read.result;
  const dataFolder = system && options.data === undefined ? systemData : dataFolderOf(options.data, shell);
  for (const path of [read.path, dataFolder])
    if (/\p{Cc}/u.test(path))
      throw new CliStop(exitCodes.invalid, `a unit cannot name ${JSON.stringify(path)}; give the folder another name`);
  shell.out(
    unitText({
      system,
      launcher: fileURLToPath(new URL('../../gatehouse', import.meta.url)),
      policyPath: read.path,
      dataFolder,
      listen: policy.listen,
      upstreams: policy.upstreams,
      clients: options.clients ?? null,
      keyVariables: keyVariablesOf(source),
    }),
  );
  return exitCodes.ok;
}

/** Names of the environment variables that hold keys. */
function keyVariablesOf(source: PolicySource): readonly string[] {
  const names = keysAt(source, ['upstreams']).flatMap((name) => {
    const key = valueAt(source, ['upstreams', name, 'key']);
    return (typeof key === 'string' ? /^\$\{(\w+)\}$/.exec(key)?.[1] : undefined) ?? [];
  });
  return [...new Set(names)];
}

function checkNetwork(network: string): void {
  const [address = '', bits, ...rest] = network.split('/');
  const most = address.includes(':') ? 128 : 32;
  const width = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (parseAddress(address) !== null && !/[[\]%]/.test(address) && width <= most && rest.length === 0) return;
  throw new CliStop(exitCodes.invalid, `--clients: "${network}" is no network; write 192.168.1.0/24`);
}
