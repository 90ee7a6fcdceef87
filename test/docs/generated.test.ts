/** What the pages take from the code: every key of the policy with an example that loads, and the pictures of walks. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { PICTURED_PAGES, withPictures } from '#scripts/pictures.ts';
import { POLICY_EXAMPLES } from '#scripts/policy-examples.ts';
import { policyKeys, policyPage, policyWithExample } from '#scripts/policy-page.ts';
import { ROOT } from '#scripts/tree.ts';

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const load = (text: string) => loadPolicy(text, { file: 'gatehouse.yaml', folder: '/nowhere', env: { TOWER_KEY: 'test' } });

test('the page of every key is the one that the schema gives; if not: npm run docs', () => {
  assert.equal(textOf('docs/policy.md'), policyPage());
});

test('every key has an example that holds it, and no example is of another key', () => {
  const keys = policyKeys();
  assert.ok(keys.length > 50);
  assert.deepEqual(Object.keys(POLICY_EXAMPLES).toSorted(), keys.map(({ path }) => path).toSorted());
  for (const { path, name } of keys) assert.match(POLICY_EXAMPLES[path] ?? '', new RegExp(`(?:^|[{,] ?)${name}: `), path);
});

test('every example loads; of a key that is not built, it is refused for just that', () => {
  for (const { path, description } of policyKeys()) {
    const loaded = load(policyWithExample(path));
    const problems = loaded.ok ? [] : loaded.problems.map(formatProblem);
    if (!description.includes('does not load')) assert.deepEqual(problems, [], path);
    else assert.ok(problems.length === 1 && problems[0]?.includes('not built'), `${path}: ${problems.join('\n')}`);
  }
});

test('the pictures of walks are drawn from the policies beside them; if not: npm run docs', () => {
  for (const page of PICTURED_PAGES) {
    const text = textOf(page);
    assert.match(text, /^<!-- picture: /m, page);
    assert.equal(text, withPictures(text), page);
  }
});
