import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadPolicyFile } from '#config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-secrets-'));
after(() => rmSync(folder, { recursive: true }));

function loadWith(key: string, env: Readonly<Record<string, string>> = {}) {
  const path = join(folder, 'gatehouse.yaml');
  const upstream = `kind: vllm, url: 'http://127.0.0.1:1', slots: 1, key: '${key}', models: { a: { context: 8k } }`;
  writeFileSync(path, `version: 1\nhouse: h\nupstreams:\n  spark: { ${upstream} }\nroutes:\n  a: { target: spark }\n`);
  const loaded = loadPolicyFile(path, { file: 'gatehouse.yaml', env });
  return loaded.ok ? (loaded.secrets.get('spark') ?? null) : loaded.problems.map((problem) => problem.message).join();
}

function secretFile(name: string, text: string, mode: number): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
}

test('a key comes from the environment', () => {
  assert.equal(loadWith('${SPARK_KEY}', { SPARK_KEY: ' sk-1\n' }), 'sk-1');
  assert.equal(loadWith('${SPARK_KEY}'), 'the environment variable SPARK_KEY is not set');
  assert.equal(loadWith('${constructor}'), 'the environment variable constructor is not set');
});

test('a key comes from a file beside the policy', () => {
  secretFile('spark.key', 'sk-2\n', 0o600);
  assert.equal(loadWith('file:spark.key'), 'sk-2');
  assert.equal(loadWith(`file:${folder}/spark.key`), 'sk-2');
});

test('a key file that everybody can read is refused, with the remedy', () => {
  secretFile('open.key', 'sk-3\n', 0o644);
  const path = join(folder, 'open.key');
  assert.equal(loadWith('file:open.key'), `${path} can be read by everybody on this machine; run: chmod 600 ${path}`);
  chmodSync(path, 0o640);
  assert.equal(loadWith('file:open.key'), 'sk-3');
});

test('a key file that is no key is refused, and not repeated', () => {
  secretFile('empty.key', '\n', 0o600);
  secretFile('long.key', 'x'.repeat(20_000), 0o600);
  secretFile('lines.key', 'sk-4\nsk-5\n', 0o600);
  mkdirSync(join(folder, 'folder.key'));
  const expected = {
    'missing.key': 'does not exist',
    'spark.key/x': 'does not exist',
    'empty.key': 'is empty',
    'long.key': 'is too large to be a key',
    'lines.key': 'holds more than a key: it must be one line without spaces',
    'folder.key': 'is not a file',
  };
  for (const [name, why] of Object.entries(expected)) assert.equal(loadWith(`file:${name}`), `${join(folder, name)} ${why}`);
});
