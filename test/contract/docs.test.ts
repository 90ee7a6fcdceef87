/** The page of upstreams is made of what the kinds say of themselves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '#scripts/tree.ts';
import { upstreamKinds } from '#upstreams/registry.ts';
import { fixtures } from './fixtures.ts';
import { pathsTable, saysTable } from './kinds-tables.ts';

test('docs/upstreams.md has both tables of the kinds as the registry has them', () => {
  const page = readFileSync(join(ROOT, 'docs/upstreams.md'), 'utf8');
  for (const table of [pathsTable(upstreamKinds), saysTable(upstreamKinds)])
    assert.ok(page.includes(`\n${table}\n`), `write this into the page:\n${table}`);
});

test('every kind has a fixture, and every fixture a kind', () => {
  assert.deepEqual(Object.keys(fixtures).toSorted(), upstreamKinds.map(({ name }) => name).toSorted());
});
