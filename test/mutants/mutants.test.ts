/** The mutant runner on a tree of its own, and the list against the code as it is; the list itself runs with `npm run mutants`. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runMutant } from '#scripts/run-mutant.ts';
import type { Mutant } from '#scripts/run-mutant.ts';
import { ROOT } from '#scripts/tree.ts';
import { MUTANTS } from './mutants.ts';

const tree = mkdtempSync(join(tmpdir(), 'gatehouse-mutants-'));
after(() => rmSync(tree, { recursive: true, force: true }));
mkdirSync(join(tree, 'src'));
writeFileSync(join(tree, 'package.json'), '{"type":"module"}');
writeFileSync(
  join(tree, 'src/add.ts'),
  'export const add = (a: number, b: number): number => a + b;\nexport const unused = (a: number): number => a * 2;\n',
);
writeFileSync(
  join(tree, 'src/add.test.ts'),
  "import assert from 'node:assert';\nimport { test } from 'node:test';\nimport { add } from './add.ts';\ntest('adds (part #1)', () => assert.equal(add(1, 2), 3));\n",
);

const mutant = (changes: Partial<Mutant>): Mutant => ({
  name: 'm',
  file: 'src/add.ts',
  find: 'a + b',
  replace: 'a - b',
  tests: ['src/add.test.ts'],
  expect: 'adds (part #1)',
  ...changes,
});

test('a breakage that the named test notices is killed, one that it does not notice survives', async () => {
  assert.equal((await runMutant(tree, mutant({}))).outcome, 'killed');
  assert.equal((await runMutant(tree, mutant({ find: 'a * 2', replace: 'a * 3' }))).outcome, 'survived');
});

test('what proves nothing is told apart: text not there once, a test that did not run, code that does not load', async () => {
  assert.equal((await runMutant(tree, mutant({ find: 'a / b' }))).outcome, 'broken');
  assert.equal((await runMutant(tree, mutant({ find: 'number' }))).outcome, 'broken');
  assert.equal((await runMutant(tree, mutant({ expect: 'no such test' }))).outcome, 'broken');
  assert.equal((await runMutant(tree, mutant({ replace: ') (' }))).outcome, 'broken');
});

test('the file is whole again afterwards', () => {
  assert.match(readFileSync(join(tree, 'src/add.ts'), 'utf8'), /a \+ b/);
});

test('every mutant of the list has a name of its own, its text once in its file, and changes it', () => {
  assert.ok(MUTANTS.length > 0);
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  for (const { name, file, find, replace } of MUTANTS) {
    assert.equal(readFileSync(join(ROOT, file), 'utf8').split(find).length - 1, 1, `${name}: the text is not there exactly once`);
    assert.notEqual(find, replace, name);
  }
});
