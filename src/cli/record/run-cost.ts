import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import { momentOf } from '#cli/moment.ts';
import { painter } from '#cli/shell.ts';
import type { Paint, Shell } from '#cli/shell.ts';
import { textTable } from '#cli/text-table.ts';
import { COST_KEYS, costGroups } from '#record/asking/cost-groups.ts';
import type { CostGroup, CostKey } from '#record/asking/cost-groups.ts';
import { askForSums, latestPolicy } from './open-record.ts';
import { moneyText, safe } from './record-cells.ts';

/** What `gatehouse cost` was told. */
export interface CostOptions {
  readonly by?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly csv?: true;
  readonly data?: string;
  readonly json?: true;
}

/** The words after `--by`. */
const costKeys: readonly string[] = [...Object.keys(COST_KEYS), 'day'];

const barWidth = 24;

/** Sums what calls cost; gives the exit code. */
export function runCost(options: CostOptions, shell: Shell): number {
  const by = keyOf(options.by ?? 'task');
  const now = Date.now();
  const limit = limitOf(options.limit ?? '50');
  const { groups, currency } = askForSums(options, shell, (database) => ({
    groups: costGroups(database, by, {
      since: momentOf(options.since ?? '30d', now),
      ...(options.until === undefined ? {} : { until: momentOf(options.until, now) }),
      offsetMs: -new Date(now).getTimezoneOffset() * 60_000,
      limit,
    }),
    currency: latestPolicy(database)?.policy.cost?.currency ?? null,
  }));
  if (options.json === true) for (const group of groups) shell.out(`${JSON.stringify({ by, currency, ...group })}\n`);
  else if (options.csv === true) shell.out(csvOf(by, groups));
  else shell.out(costText(groups, { by, currency, paint: painter(shell, shell.outIsTty) }));
  return exitCodes.ok;
}

const limitMax = 10_000;

function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit;
  throw new CliStop(exitCodes.invalid, `"${text}" is no number of groups from 1 to ${limitMax}: write --limit 500`);
}

/** What a group is called. */
function nameOf(group: CostGroup): string {
  return group.others === undefined ? (group.name ?? '-') : `${group.others} others`;
}

function keyOf(by: string): CostKey {
  if (by === 'day') return by;
  const known = Object.keys(COST_KEYS).find((key): key is keyof typeof COST_KEYS => key === by);
  if (known === undefined) throw new CliStop(exitCodes.invalid, `costs are not summed by "${by}"; there are ${costKeys.join(', ')}`);
  return known;
}

/** A bar shows each group's share of what is known; where nothing is, its share of the energy, else of the tokens. */
function costText(
  groups: readonly CostGroup[],
  { by, currency, paint }: { readonly by: string; readonly currency: string | null; readonly paint: Paint },
): string {
  if (groups.length === 0) return 'no calls in that time\n';
  const weigh = weightOf(groups);
  const most = Math.max(...groups.map(weigh));
  const head = [by, 'calls', 'tokens in', 'out', currency ?? 'cost', 'Wh', 'in the cloud', ''].map((word) => paint('dim', word));
  const rows = groups.map((group) => [
    safe(nameOf(group)),
    String(group.calls),
    String(group.inputTokens),
    String(group.outputTokens),
    group.unknown === group.calls ? '?' : `${moneyText(group.costNano)}${group.unknown > 0 ? '+' : ''}`,
    group.energyMws === 0 ? '' : (group.energyMws / 3_600_000).toFixed(2),
    group.compareNano === 0 ? '' : moneyText(group.compareNano),
    paint('cyan', '█'.repeat(most === 0 ? 0 : Math.round((weigh(group) / most) * barWidth))),
  ]);
  const unknown = groups.reduce((sum, group) => sum + group.unknown, 0);
  const note =
    unknown === 0
      ? ''
      : `the cost of ${unknown} calls is not known: a cloud's needs the price of its model, the house's own needs watts and cost.per_kwh\n`;
  return textTable([head, ...rows]) + note;
}

function weightOf(groups: readonly CostGroup[]): (group: CostGroup) => number {
  if (groups.some(({ costNano }) => costNano > 0)) return ({ costNano }) => costNano;
  if (groups.some(({ energyMws }) => energyMws > 0)) return ({ energyMws }) => energyMws;
  return ({ inputTokens, outputTokens }) => inputTokens + outputTokens;
}

function csvOf(by: string, groups: readonly CostGroup[]): string {
  const rows = groups.map((group) =>
    [
      cellOf(group.others === undefined ? (group.name ?? '') : nameOf(group)),
      group.calls,
      group.inputTokens,
      group.outputTokens,
      group.costNano / 1e9,
      group.unknown,
      group.energyMws / 3_600_000,
      group.compareNano / 1e9,
    ].join(','),
  );
  return `${[`${by},calls,input_tokens,output_tokens,cost,calls_of_unknown_cost,watt_hours,cost_in_the_cloud`, ...rows].join('\r\n')}\r\n`;
}

/** One cell by RFC 4180. A spreadsheet takes a text that begins like a formula for one, and callers name tasks. */
function cellOf(text: string): string {
  const plain = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
