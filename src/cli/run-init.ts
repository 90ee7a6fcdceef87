import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { askPlaces } from '#discovery/ask-places.ts';
import { places as usualPlaces } from '#discovery/ports.ts';
import type { Place } from '#discovery/ports.ts';
import { starterPolicy } from '#discovery/starter-policy.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { foundLines } from './found-lines.ts';
import type { InitOptions } from './init.ts';
import type { Shell } from './shell.ts';

/** How long loopback, and how long other machines may take, all together. */
const hereMs = 1_000;
const elsewhereMs = 3_000;

/** Finds servers and writes a policy for them; gives the exit code. `places`: where to ask, for tests. */
export async function runInit(options: InitOptions, shell: Shell, places: readonly Place[] = usualPlaces): Promise<number> {
  const output = options.output ?? 'gatehouse.yaml';
  const path = resolve(shell.cwd, output);
  if (existsSync(path)) throw alreadyThere(output);
  const { hosts } = options;
  for (const host of hosts ?? []) checkHost(host);
  const ports = places.map(({ port }) => port).join(', ');
  shell.err(`asking ${hosts === undefined ? 'this machine, on 127.0.0.1 only' : hosts.join(', ')} (ports ${ports})\n`);
  const found = await askPlaces(places, { budgetMs: hosts === undefined ? hereMs : elsewhereMs, learn: true, ...(hosts && { hosts }) });
  for (const line of foundLines(found)) shell.err(`  ${line}\n`);
  const text = starterPolicy(found.servers);
  if (text === null)
    throw new CliStop(
      exitCodes.violated,
      'no model is served there, so nothing was written; start a server, or name its host with --hosts',
    );
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EEXIST') throw alreadyThere(output);
    throw new CliStop(exitCodes.invalid, `${output} cannot be written (${String(code)})`);
  }
  shell.out(`${output} is written. Look through it, then: gatehouse check ${output}\n`);
  return exitCodes.ok;
}

function alreadyThere(output: string): CliStop {
  return new CliStop(exitCodes.invalid, `${output} is there already, and is not overwritten; name another file with --output`);
}

/** A name or an address, without a port: the ports are known. */
function checkHost(host: string): void {
  if (/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(host) || /^[0-9a-f:]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host)) return;
  throw new CliStop(exitCodes.invalid, `--hosts: "${host}" is no host; write names or addresses, without a port`);
}
