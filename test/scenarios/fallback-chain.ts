import type { PolicyTables } from '#core/policy/tables.ts';
import { departures, outcomeOf } from './run-scenario.ts';
import type { Chain, Expectation, Scenario } from './scenario-file.ts';

const states = ['free', 'busy', 'down'] as const;
type State = (typeof states)[number];

/** Every state of the house, with what the chain's table says of it. Throws unless exactly one row is for each. */
export function scenariosOf(chain: Chain, tables: PolicyTables): readonly (Scenario & { readonly row: string })[] {
  const names = [...tables.upstreams.keys()];
  return combinations(names.length).map((combination) => {
    const stateOf = (name: string): State => combination[names.indexOf(name)] ?? 'free';
    const rows = Object.keys(chain.rows).filter((row) => matches(row, chain.machines.map(stateOf)));
    const [row, ...more] = rows;
    if (row === undefined || more.length > 0) throw new Error(`${chain.name}: ${combination.join(' ')} has ${rows.length} rows`);
    return {
      name: `${chain.name}: ${names.map((name) => `${name} ${stateOf(name)}`).join(', ')}`,
      row,
      request: chain.request,
      fleet: { busy: names.filter((name) => stateOf(name) === 'busy'), down: names.filter((name) => stateOf(name) === 'down') },
      expect: expectationOf(chain.rows[row], chain),
    };
  });
}

/** Where a chain departs from its table in any state of the house. */
export function chainDepartures(chain: Chain, tables: PolicyTables): readonly string[] {
  return scenariosOf(chain, tables).flatMap((scenario) =>
    departures(scenario, outcomeOf(tables, scenario.request, scenario.fleet)).map((line) => `${scenario.name}: ${line}`),
  );
}

function matches(row: string, states: readonly State[]): boolean {
  const said = row.split(' ');
  if (said.length !== states.length || said.some((word) => !['free', 'busy', 'down', 'out', 'any'].includes(word)))
    throw new Error(`no row of states: ${row}`);
  return said.every((word, at) => word === 'any' || word === states[at] || (word === 'out' && states[at] !== 'free'));
}

function expectationOf(cell: Chain['rows'][string] | undefined, chain: Chain): Expectation {
  if (cell === 'queue') return { queued: '30 min' };
  if (cell === 'reply') return { reply: { verdict: 'escalate', synthetic: true } };
  if (cell === 429) return { refusal: { status: 429, code: 'saturated' } };
  if (cell === 503) return { refusal: { status: 503, code: 'no_route' } };
  const served = chain.machines[(cell ?? 0) - 1];
  if (served === undefined) throw new Error(`${chain.name}: no machine ${cell}`);
  return { served };
}

/** All tuples of states, `3 ** count` of them. */
function combinations(count: number): readonly (readonly State[])[] {
  let all: readonly (readonly State[])[] = [[]];
  for (let at = 0; at < count; at++) all = all.flatMap((tuple) => states.map((state) => [...tuple, state]));
  return all;
}
