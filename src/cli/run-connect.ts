import type { PolicyTables } from '#core/policy/tables.ts';
import { originOfListen, settingsFor } from './connect-settings.ts';
import type { ClientName, Reachable } from './connect-settings.ts';
import { dataFolderOf } from './data-folder.ts';
import { exitCodes } from './exit-codes.ts';
import { demoTables, tablesFromPolicy } from './load-house.ts';
import { askIfRunning, jsonOf } from './operator.ts';
import type { HouseStatus, ListedModels } from './reports.ts';
import type { Shell } from './shell.ts';

/** What `gatehouse connect` was asked. */
export interface ConnectOptions {
  readonly policy?: string;
  readonly data?: string;
  readonly json?: true;
}

/** Shows a client's settings; gives the exit code. */
export async function runConnect(client: ClientName, options: ConnectOptions, shell: Shell): Promise<number> {
  const house =
    (options.policy === undefined ? await runningHouse(dataFolderOf(options.data, shell)) : null) ?? writtenHouse(options, shell);
  const { text, hints } = settingsFor(client, house);
  if (options.json === true) {
    shell.out(`${JSON.stringify({ client, baseUrl: `${house.origin}/v1`, models: house.models, settings: text, hints }, null, 2)}\n`);
    return exitCodes.ok;
  }
  shell.out(text);
  for (const hint of hints) shell.err(`# ${hint}\n`);
  return exitCodes.ok;
}

async function runningHouse(folder: string): Promise<Reachable | null> {
  const reply = await askIfRunning(folder, { method: 'GET', path: '/admin/status' });
  if (reply === null) return null;
  const status = await jsonOf<HouseStatus>(reply);
  const models = await askIfRunning(folder, { method: 'GET', path: '/v1/models' });
  const listed = models === null ? [] : (await jsonOf<ListedModels>(models)).data;
  return {
    origin: originOfListen(status.listen[0] ?? '127.0.0.1:8484'),
    models: ownFirst(
      status.house,
      listed.map((model) => model.id),
    ),
    context: new Map(listed.flatMap(({ id, max_model_len: window }) => (typeof window === 'number' ? [[id, window] as const] : []))),
  };
}

/** As the policy says, or the demo house does. */
function writtenHouse(options: ConnectOptions, shell: Shell): Reachable {
  const tables = tablesFromPolicy(options.policy, shell) ?? demoTables();
  const { house, listen, routes } = tables.policy;
  const own = routes
    .filter((route) => route.target.some((id) => tables.targets.get(id)?.serves === 'chat'))
    .map((route) => `${house}/${route.name}`);
  return { origin: originOfListen(listen[0] ?? '127.0.0.1:8484'), models: [`${house}/auto`, ...own], context: windows(tables) };
}

/** The house's own names where there are any: `auto`, then its routes. */
function ownFirst(house: string, names: readonly string[]): readonly string[] {
  const own = names.filter((name) => name.startsWith(`${house}/`));
  const auto = `${house}/auto`;
  return [auto, ...(own.length > 0 ? own : names).filter((name) => name !== auto)];
}

/** The largest window of each route's target. */
function windows(tables: PolicyTables): ReadonlyMap<string, number> {
  const known = tables.policy.routes.map(
    ({ name, target }) =>
      [`${tables.policy.house}/${name}`, Math.max(0, ...target.map((id) => tables.targets.get(id)?.context ?? 0))] as const,
  );
  return new Map(known.filter(([, window]) => window > 0));
}
