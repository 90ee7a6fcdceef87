import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { z } from 'zod';
import { policyJsonSchema } from '#config/json-schema.ts';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';

const root = new URL('../../', import.meta.url);
const example = readFileSync(new URL('gatehouse.example.yaml', root), 'utf8');
const options = { file: 'gatehouse.yaml', folder: '/nowhere', env: { CLOUD_ONE_KEY: 'sk-test' } };
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

test('the example loads, and there is nothing to say about it', () => {
  const loaded = loadPolicy(example, options);
  assert.deepEqual(loaded.ok ? [] : loaded.problems.map(formatProblem), []);
  assert.deepEqual(loaded.warnings.map(formatProblem), []);
  assert.deepEqual(loaded.ok ? loaded.notes.map(formatProblem) : [], []);
});

test('the schema on disk is the one the loader uses; if not: node scripts/generate-schema.ts', () => {
  assert.equal(readFileSync(new URL('gatehouse.schema.json', root), 'utf8'), policyJsonSchema());
});

test('an editor with the schema finds nothing wrong with what loads, and finds misspelt keys', () => {
  const schema = z.fromJSONSchema(JSON.parse(policyJsonSchema()) as JsonSchema);
  assert.equal(schema.safeParse(parse(example)).success, true);
  assert.equal(schema.safeParse(parse(readFileSync(new URL('test/fixtures/policy/good/forms.yaml', root), 'utf8'))).success, true);
  assert.equal(schema.safeParse(parse(example.replace('failover: [', 'failovr: ['))).success, false);
  assert.equal(schema.safeParse(parse(example.replace('kind: vllm', 'kind: vlm'))).success, false);
});

test('every key of the schema has a description for the editor', () => {
  const lacking: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, inner] of Object.entries(node)) {
      if (path.endsWith('/properties') && typeof inner === 'object' && inner !== null && !('description' in inner))
        lacking.push(`${path}/${key}`);
      walk(inner, `${path}/${key}`);
    }
  };
  walk(JSON.parse(policyJsonSchema()), '');
  assert.deepEqual(lacking, []);
});

test('whatever happens to one line or one character, the loader answers and does not throw', () => {
  const lines = example.split('\n');
  const place = fc.nat({ max: lines.length - 1 });
  const edit = fc.oneof(
    place.map((at) => lines.toSpliced(at, 1).join('\n')),
    place.map((at) => lines.toSpliced(at, 0, lines[at] ?? '').join('\n')),
    fc.tuple(place, place).map(([at, to]) => lines.toSpliced(at, 1, lines[to] ?? '').join('\n')),
    fc
      .tuple(
        fc.nat({ max: example.length }),
        fc.nat({ max: 3 }),
        fc.constantFrom('', ':', '[', ']', '{', '}', '"', '- ', '\t', '\n', '&a ', '*a', '!', '#', '0', '<<: '),
      )
      .map(([at, length, text]) => example.slice(0, at) + text + example.slice(at + length)),
  );
  const seed = 20_260_101;
  fc.assert(
    fc.property(edit, (text) => {
      const loaded = loadPolicy(text, options);
      if (loaded.ok) return;
      assert.ok(loaded.problems.length > 0);
      const lineCount = text.split('\n').length;
      for (const problem of loaded.problems) {
        assert.ok(problem.line >= 1 && problem.line <= lineCount && problem.column >= 1, formatProblem(problem));
        assert.ok(!/undefined|\[object|Invalid input/.test(problem.message), formatProblem(problem));
      }
    }),
    { seed, numRuns: 400 },
  );
});
