/** Policies that load and promise what they do not keep: each is refused with the shortest case that shows it, at its line. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { provenPolicy } from '#compose/prove-house.ts';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';

const folder = new URL('../fixtures/policy/unproved/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

test('there are policies that cannot be proved', () => assert.ok(files.length >= 30));

for (const name of files) {
  test(`the counterexample is told: ${name}`, () => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const expected = text.split('\n').flatMap((line) => (line.startsWith('# expect: ') ? [line.slice('# expect: '.length)] : []));
    const loaded = loadPolicy(text, { file: 'gatehouse.yaml', folder: '/nowhere', env: {} });
    assert.ok(loaded.ok && expected.length > 0);
    const proven = provenPolicy(loaded);
    assert.deepEqual(proven.ok ? [] : proven.problems.map(formatProblem), expected);
  });
}
