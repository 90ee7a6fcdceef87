import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scenariosOf } from './fallback-chain.ts';
import { house, scenarioFolder } from './load-house.ts';
import { departures, outcomeOf } from './run-scenario.ts';
import { readScenarios } from './scenario-file.ts';

/** Every scenario of every file in this folder that names a policy. One test per scenario; of a fallback chain one per row. */
const files = readdirSync(scenarioFolder).filter((name) => name.endsWith('.yaml') && name.includes('-'));

for (const file of files) {
  const { policy, scenarios, chains } = readScenarios(join(scenarioFolder, file));
  const tables = house(policy);
  for (const scenario of scenarios) {
    test(`${file}: ${scenario.name}`, () => {
      assert.deepEqual(departures(scenario, outcomeOf(tables, scenario.request, scenario.fleet)), []);
    });
  }
  for (const chain of chains) {
    const cells = scenariosOf(chain, tables);
    test(`${file}: ${chain.name}: a cell for each of the ${cells.length} states of the house`, () => {
      assert.equal(cells.length, 3 ** tables.upstreams.size);
      assert.deepEqual(new Set(cells.map((cell) => cell.row)), new Set(Object.keys(chain.rows)));
    });
    for (const [row, cell] of Object.entries(chain.rows)) {
      test(`${file}: ${chain.name}: ${row} → ${cell}`, () => {
        const found = cells
          .filter((each) => each.row === row)
          .flatMap((each) => departures(each, outcomeOf(tables, each.request, each.fleet)).map((line) => `${each.name}: ${line}`));
        assert.deepEqual(found, []);
      });
    }
  }
}
