import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import type { PolicyProblem } from '#config/problem.ts';
import { forms, piecesAt, renderPolicy } from './policy-forms.ts';
import type { Form, Piece } from './policy-forms.ts';

// One mistake, four ways of writing the policy it is in: block style, flow style, block style with quotes, remarks, a byte order mark
// and CRLF, and JSON. The words must be the same, and the place must be the same thing. `UPDATE_GOLDEN=1` writes the golden file anew.

const fixtures = new URL('../fixtures/policy/', import.meta.url);
const golden = new URL('forms/mistakes.txt', fixtures);
const env = { GATEHOUSE_TEST_KEY: 'sk-test', GATEHOUSE_TEST_EMPTY: '', GATEHOUSE_TEST_SPACES: 'two words' };

/** Mistakes in how YAML itself is written, which have no second form. */
const oneFormOnly = new Set([
  'bracket-open-far',
  'indent-too-far',
  'indent-first-line',
  'list-without-its-key',
  'alias-of-itself',
  'alias-unknown',
  'at-sign',
  'bracket-open',
  'colon-in-text',
  'indent',
  'key-a-mapping',
  'key-in-braces-unquoted',
  'merge-key',
  'missing-colon',
  'only-comments',
  'quote-open',
  'tab-in-block',
  'tab-indent',
  'tag',
  'two-documents',
  'a-sentence',
]);

const kinds = readdirSync(new URL('bad/', fixtures))
  .map((name) => name.replace(/\.yaml$/, ''))
  .filter((name) => !oneFormOnly.has(name))
  .toSorted();

function written(kind: string): string {
  const text = readFileSync(new URL(`bad/${kind}.yaml`, fixtures), 'utf8');
  return text.replaceAll(/^#.*\n/gm, '');
}

function problemsOf(text: string): readonly PolicyProblem[] {
  const loaded = loadPolicy(text, { file: 'gatehouse.yaml', folder: '/nowhere', env });
  return loaded.ok ? [] : loaded.problems;
}

/** What is said, without its place; a line it speaks of is another one in every form. */
function wordsOf(problem: PolicyProblem): string {
  const words = formatProblem(problem).replace(/^\S+ /, '');
  return words.replaceAll(/is on line \d+/g, 'is on line N');
}

function pieces(text: string, problem: PolicyProblem): readonly Piece[] {
  const bare = text.replace(/^\uFEFF/, '');
  const before = bare.split('\n').slice(0, problem.line - 1);
  return piecesAt(bare, before.join('\n').length + (before.length > 0 ? 1 : 0) + problem.column - 1);
}

/** Whether two places are the same thing. JSON says `null` where YAML says nothing, so the name in front of nothing counts too. */
function shared(a: readonly Piece[], b: readonly Piece[]): boolean {
  return a.some((one) =>
    b.some(
      (other) =>
        (one.where === other.where && one.token === other.token) ||
        (one.token === 'null' && other.where === `${one.where}:key`) ||
        (other.token === 'null' && one.where === `${other.where}:key`),
    ),
  );
}

test('there are at least forty kinds of mistake', () => assert.ok(kinds.length >= 40, String(kinds.length)));

for (const kind of kinds) {
  test(`the same mistake in four forms has the same words at the same thing: ${kind}`, () => {
    const original = written(kind);
    const wanted = problemsOf(original).map((problem) => ({ words: wordsOf(problem), at: pieces(original, problem) }));
    assert.ok(wanted.length > 0);
    for (const form of forms) {
      const text = renderPolicy(original, form);
      const left = [...wanted];
      for (const problem of problemsOf(text)) {
        const at = pieces(text, problem);
        const found = left.findIndex((one) => one.words === wordsOf(problem) && shared(one.at, at));
        assert.ok(found >= 0, `${form}: ${formatProblem(problem)}\nat ${JSON.stringify(at)}, not one of ${JSON.stringify(left)}\n${text}`);
        left.splice(found, 1);
      }
      assert.deepEqual(left, [], `${form}: not said\n${text}`);
    }
  });
}

test('what is said of each mistake in each form is as it was agreed', () => {
  const now = kinds
    .flatMap((kind) => [
      `# ${kind}`,
      ...forms.flatMap((form: Form) => problemsOf(renderPolicy(written(kind), form)).map((one) => `${form} ${formatProblem(one)}`)),
      '',
    ])
    .join('\n');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, now);
  assert.equal(now, readFileSync(golden, 'utf8'));
});
