import { errorRow, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Explanation } from '#core/routing/explain.ts';
import { dataFolderOf } from './data-folder.ts';
import { exitCodes } from './exit-codes.ts';
import { explainedBody, explainOffline, liveQuestion } from './explain-request.ts';
import type { ExplainOptions } from './explain-request.ts';
import { explanationText } from './explanation-text.ts';
import { demoTables, tablesFromPolicy } from './load-house.ts';
import { askIfRunning, getJson, jsonOf, postJson } from './operator.ts';
import type { HouseStatus } from './reports.ts';
import { painter } from './shell.ts';
import type { Shell } from './shell.ts';

/** Explains one request; gives the exit code. A refusal is an explanation like any other: exit code 0. */
export async function runExplain(text: string | undefined, options: ExplainOptions, shell: Shell): Promise<number> {
  if (options.live === true) return explainLive(text, options, shell);
  const body = explainedBody(text, options);
  const written = tablesFromPolicy(options.policy, shell);
  if (written === null && (await explainRunning(text, options, shell))) return exitCodes.ok;
  const tables = written ?? noPolicy(shell);
  const explanation = explainOffline(body, options, tables);
  if (isGatewayError(explanation)) return wrongRequest(explanation, options, shell);
  return show(explanation, tables.policy.house, { options, shell });
}

function noPolicy(shell: Shell): PolicyTables {
  shell.err('no policy found: this is the demo house\n');
  return demoTables();
}

/** Without a policy file a running house was found, or is the demo: it is asked about itself, with idle machines. False if none runs. */
async function explainRunning(text: string | undefined, options: ExplainOptions, shell: Shell): Promise<boolean> {
  const folder = dataFolderOf(options.data, shell);
  const status = await askIfRunning(folder, { method: 'GET', path: '/admin/status' });
  if (status === null) return false;
  const { house } = await jsonOf<HouseStatus>(status);
  const explanation = await postJson<Explanation>(folder, '/admin/explain', { ...liveQuestion(text, options), live: false });
  show(explanation, house, { options, shell });
  return true;
}

async function explainLive(text: string | undefined, options: ExplainOptions, shell: Shell): Promise<number> {
  const folder = dataFolderOf(options.data, shell);
  const explanation = await postJson<Explanation>(folder, '/admin/explain', liveQuestion(text, options));
  const { house } = await getJson<HouseStatus>(folder, '/admin/status');
  return show(explanation, house, { options, shell });
}

function show(
  explanation: Explanation,
  house: string,
  { options, shell }: { readonly options: ExplainOptions; readonly shell: Shell },
): number {
  if (options.json === true) shell.out(`${JSON.stringify(explanation, null, 2)}\n`);
  else shell.out(explanationText(explanation, house, painter(shell, shell.outIsTty)));
  return exitCodes.ok;
}

/** A request that is refused before there are any facts. */
function wrongRequest(error: GatewayError, options: ExplainOptions, shell: Shell): number {
  const { status } = errorRow(error);
  if (options.json === true) shell.out(`${JSON.stringify({ error: { status, code: error.code, message: error.message } }, null, 2)}\n`);
  else shell.err(`gatehouse: ${status} ${error.code}: ${error.message}\n`);
  return exitCodes.invalid;
}
