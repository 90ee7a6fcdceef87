import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parse } from 'yaml';
import { clientNames, curlLine, originOfListen, settingsFor } from './connect-settings.ts';

const house = {
  origin: 'http://127.0.0.1:8484',
  models: ['homelab/auto', 'homelab/code'],
  context: new Map([['homelab/code', 128_000]]),
};

test('curl: one line for a shell', () => {
  const line = `curl -s http://127.0.0.1:8484/v1/chat/completions -H "Authorization: Bearer $GATEHOUSE_KEY" -H 'Content-Type: application/json' -d '{"model":"homelab/auto","messages":[{"role":"user","content":"Hello"}]}'`;
  assert.equal(settingsFor('curl', house).text, `${line}\n`);
  const script = `GATEHOUSE_KEY=gh_x; curl() { printf '%s\\n' "$@"; }; ${line}`;
  const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    '-s',
    'http://127.0.0.1:8484/v1/chat/completions',
    '-H',
    'Authorization: Bearer gh_x',
    '-H',
    'Content-Type: application/json',
    '-d',
    '{"model":"homelab/auto","messages":[{"role":"user","content":"Hello"}]}',
  ]);
});

test('openai and open-webui: variables', () => {
  assert.equal(
    settingsFor('openai', house).text,
    'export OPENAI_BASE_URL=http://127.0.0.1:8484/v1\nexport OPENAI_API_KEY="$GATEHOUSE_KEY"\n',
  );
  assert.equal(
    settingsFor('open-webui', house).text,
    'ENABLE_OPENAI_API=true\nOPENAI_API_BASE_URL=http://127.0.0.1:8484/v1\nOPENAI_API_KEY=$GATEHOUSE_KEY\n',
  );
});

test('continue: a YAML file', () => {
  const { text } = settingsFor('continue', house);
  assert.equal(
    text,
    `name: Gatehouse
version: 1.0.0
schema: v1
models:
  - name: homelab/auto
    provider: openai
    model: homelab/auto
    apiBase: http://127.0.0.1:8484/v1
    apiKey: \${{ secrets.GATEHOUSE_KEY }}
    roles: [chat, edit, apply]
  - name: homelab/code
    provider: openai
    model: homelab/code
    apiBase: http://127.0.0.1:8484/v1
    apiKey: \${{ secrets.GATEHOUSE_KEY }}
    roles: [chat, edit, apply]
`,
  );
  const file: { models: { apiKey: string }[] } = parse(text);
  assert.equal(file.models[1]?.apiKey, '${{ secrets.GATEHOUSE_KEY }}');
});

test('opencode: a JSON file, with the windows that are known', () => {
  assert.deepEqual(JSON.parse(settingsFor('opencode', house).text), {
    $schema: 'https://opencode.ai/config.json',
    provider: {
      gatehouse: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Gatehouse',
        options: { baseURL: 'http://127.0.0.1:8484/v1', apiKey: '{env:GATEHOUSE_KEY}' },
        models: {
          'homelab/auto': { name: 'homelab/auto' },
          'homelab/code': { name: 'homelab/code', limit: { context: 128_000, output: 8_192 } },
        },
      },
    },
    model: 'gatehouse/homelab/auto',
  });
});

test('every client is told where its key is', () => {
  for (const client of clientNames) {
    const { text, hints } = settingsFor(client, house);
    assert.match(text, client === 'opencode' || client === 'continue' ? /GATEHOUSE_KEY/ : /\$GATEHOUSE_KEY/);
    assert.ok(hints.some((hint) => hint.includes('gatehouse keys new')));
  }
});

test('a wildcard address is reached by loopback', () => {
  const origins = ['127.0.0.1:8484', '0.0.0.0:80', '[::]:8484', '[::1]:1', '192.168.0.2:8484'].map(originOfListen);
  assert.deepEqual(origins, [
    'http://127.0.0.1:8484',
    'http://127.0.0.1:80',
    'http://[::1]:8484',
    'http://[::1]:1',
    'http://192.168.0.2:8484',
  ]);
  assert.match(curlLine({ origin: 'http://x', model: 'auto', key: 'gh_1' }), /Bearer gh_1"/);
});
