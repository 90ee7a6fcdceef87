import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';

const folder = new URL('../fixtures/policy/bad/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const env = { GATEHOUSE_TEST_KEY: 'sk-test', GATEHOUSE_TEST_EMPTY: '', GATEHOUSE_TEST_SPACES: 'two words' };

test('there are policies with mistakes in them', () => assert.ok(files.length >= 100));

for (const name of files) {
  test(`every mistake is named at its place: ${name}`, () => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const expected = text.split('\n').flatMap((line) => (line.startsWith('# expect: ') ? [line.slice('# expect: '.length)] : []));
    const loaded = loadPolicy(text, { file: 'gatehouse.yaml', folder: '/nowhere', env });
    assert.ok(expected.length > 0);
    assert.deepEqual(loaded.ok ? [] : loaded.problems.map(formatProblem), expected);
  });
}

test('no message repeats a key', () => {
  const secret = 'sk-do-not-repeat-me';
  const shapes = [
    `key: ${secret}`,
    `key: "${secret}`,
    `key: ${secret} : x`,
    `key: [${secret}]`,
    `key: { ${secret}: 1 }`,
    `api_key: ${secret}`,
    `key: !x ${secret}`,
    `key: &${secret} [`,
    `key: file:${'x'.repeat(10)} `,
    `url: http://user:${secret}@127.0.0.1`,
    `url: user:${secret}@127.0.0.1`,
    `key: @${secret}`,
    `key:\n\t${secret}`,
    `key: ${secret}\n  ${secret}`,
  ];
  for (const shape of shapes) {
    const text = `version: 1\nhouse: h\nupstreams:\n  spark:\n    kind: vllm\n    ${shape}\n    slots: 1\n    models: { a: { context: 8k } }\n`;
    const loaded = loadPolicy(text, { file: 'gatehouse.yaml', folder: '/nowhere', env });
    assert.equal(loaded.ok, false, shape);
    const said = loaded.ok ? [] : loaded.problems.map(formatProblem);
    assert.ok(said.length > 0);
    // The name of an unknown key is repeated, wherever somebody put it; a value is not.
    if (!shape.startsWith('key: {')) assert.ok(!said.join('\n').includes(secret), said.join('\n'));
  }
});
