/** Changed records are found out, honest ones are not blamed. The seed is printed; `npm run tamper` does the same many times. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkHonest } from './check-honest.ts';
import { TAMPERINGS, Victims } from './tamper.ts';

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
console.log(`SEED=${seed}`);
/** With more than fifty ways, about 300 tamperings. */
const timesEach = 6;
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-audit-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const victims = new Victims(folder, seed);
for (const way of TAMPERINGS) test(way.name, () => assert.deepEqual(victims.tamper(way, timesEach), []));

test('30 honest records, erased, pruned, rotated and interrupted, are not blamed', () => {
  const { blamed, stories } = checkHonest(30, seed, folder);
  assert.deepEqual(blamed, []);
  for (const story of ['erased', 'pruned', 'rotated', 'interrupted', 'an answer not given']) assert.ok(stories.has(story), story);
});
