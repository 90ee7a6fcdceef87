import type { Reloaded } from '#control/control.ts';
import { dataFolderOf, dataSuffix } from './data-folder.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { ask, errorText, postJson } from './operator.ts';
import type { Shell } from './shell.ts';

interface Options {
  readonly data?: string;
}

/** Drains or undrains a route or an upstream; gives the exit code. */
export async function runDrain(deed: 'drain' | 'undrain', name: string, options: Options, shell: Shell): Promise<number> {
  await postJson<unknown>(dataFolderOf(options.data, shell), `/admin/${deed}/${encodeURIComponent(name)}`);
  shell.out(deed === 'drain' ? `${name} takes no new work; undo it with: gatehouse undrain ${name}\n` : `${name} takes work again\n`);
  return exitCodes.ok;
}

/** Lets the house read its policy again; gives the exit code. */
export async function runReload(options: Options, shell: Shell): Promise<number> {
  const reply = await ask(dataFolderOf(options.data, shell), { method: 'POST', path: '/admin/reload-config' });
  const text = await reply.text();
  const said: Reloaded | { readonly outcome?: undefined } = JSON.parse(text);
  if (said.outcome === 'loaded') {
    for (const line of said.warnings) shell.err(`${line}\n`);
    shell.out(`the policy is in force (${said.hash.slice(0, 12)})\n`);
    return exitCodes.ok;
  }
  if (said.outcome === undefined) throw new CliStop(exitCodes.violated, errorText(text, reply.status));
  for (const line of said.problems) shell.err(`${line}\n`);
  throw new CliStop(exitCodes.invalid, 'the policy does not load; the old one goes on serving');
}

/** Breaks or mends a machine of the demo house; gives the exit code. */
export async function runDemo(deed: 'break' | 'mend', machine: string, options: Options, shell: Shell): Promise<number> {
  await postJson<unknown>(dataFolderOf(options.data, shell), `/admin/demo/${deed}/${encodeURIComponent(machine)}`);
  if (deed === 'break') {
    const data = dataSuffix(options.data);
    shell.out(
      `${machine} is without power. Try: gatehouse ask "Review the security of this code"${data}\nBring it back with: gatehouse demo mend ${machine}${data}\n`,
    );
  } else shell.out(`${machine} has power again; it has work after two good probes\n`);
  return exitCodes.ok;
}
