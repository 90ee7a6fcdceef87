/** The page of faults is the catalogue's and that of the results beside it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reliabilityPage } from '#scripts/reliability-page.ts';
import { ROOT } from '#scripts/tree.ts';
import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import { readResults } from './reliability-results.ts';

test('the page is the one that catalogue and results give; if not: npm run faults -- --write', () => {
  assert.equal(readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8'), reliabilityPage(readResults()));
});

test('every fault of the catalogue was played, and every round went as it must', () => {
  const { faults, pairs } = readResults();
  assert.deepEqual(Object.keys(faults).toSorted(), faultCatalog.map(({ id }) => id).toSorted());
  for (const [id, { rounds, passed }] of [...Object.entries(faults), ['pairs', pairs] as const])
    assert.ok(rounds > 0 && passed === rounds, id);
});
