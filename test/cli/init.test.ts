/** `gatehouse init` against servers on loopback: what it finds, what it writes, what it leaves alone. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { runInit } from '#cli/run-init.ts';
import type { InitOptions } from '#cli/init.ts';
import type { Place as ServerPlace } from '#discovery/ports.ts';
import { place, runHere } from './cli-stage.ts';
import type { Place, Said } from './cli-stage.ts';

/** A server that answers these paths by JSON; its port, and what it was asked. */
async function serve(
  t: TestContext,
  bodies: Readonly<Record<string, unknown>>,
): Promise<{ readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const body = bodies[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address() as AddressInfo;
  return { port: address.port, asked };
}

async function init(options: InitOptions, places: readonly ServerPlace[], at: Place): Promise<Said> {
  let [out, err] = ['', ''];
  const shell = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    env: at.env,
    cwd: at.cwd,
    outIsTty: false,
    errIsTty: false,
    size: () => ({ columns: 100, rows: 40 }),
    exitCode: 0,
  };
  try {
    return { code: await runInit(options, shell, places), out, err };
  } catch (error) {
    assert.ok(error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number', String(error));
    return { code: error.exitCode, out, err: err + error.message };
  }
}

/** An Ollama and a llama.cpp, as they answer. */
async function twoServers(t: TestContext): Promise<{ readonly places: readonly ServerPlace[]; readonly asked: () => readonly string[] }> {
  const ollama = await serve(t, {
    '/api/tags': {
      models: [
        { name: 'gemma:latest', capabilities: ['completion', 'vision', 'tools'] },
        { name: 'nomic: "x"', capabilities: ['embedding'] },
        { name: 'big:480b-cloud', capabilities: ['completion'] },
      ],
    },
    '/api/ps': { models: [] },
  });
  const llama = await serve(t, {
    '/v1/models': { object: 'list', data: [{ id: 'qwen.gguf', object: 'model', owned_by: 'llamacpp' }] },
    '/props': { total_slots: 3, default_generation_settings: { n_ctx: 16_384 }, modalities: { vision: false } },
  });
  return {
    places: [
      { port: llama.port, usually: 'a test', asks: ['openai'] },
      { port: ollama.port, usually: 'a test', asks: ['ollama'] },
    ],
    asked: () => [...ollama.asked, ...llama.asked],
  };
}

test('what is found becomes a policy that passes its check without a warning', async (t) => {
  const at = place(t);
  const { places, asked } = await twoServers(t);
  const { code, out, err } = await init({}, places, at);
  assert.deepEqual([code, out], [0, 'gatehouse.yaml is written. Look through it, then: gatehouse check gatehouse.yaml\n']);
  assert.match(err, /llama\.cpp at http:\/\/127\.0\.0\.1:\d+: one model\n/);
  assert.match(err, /Ollama at .*: 2 models; left out, because they run in a cloud: big:480b-cloud/);
  assert.ok(
    asked().every((line) => line.startsWith('GET ')),
    'nothing is generated, no model loaded',
  );
  const text = readFileSync(join(at.cwd, 'gatehouse.yaml'), 'utf8');
  assert.match(text, /kind: llamacpp/);
  assert.match(text, /slots: 3 {3}# as it says/);
  assert.match(text, /"qwen\.gguf": \{ context: 16384/);
  assert.match(text, /kind: ollama/);
  assert.match(text, /"gemma": \{ context: 8192, input: \[text, image\], tools: true \} {3}# its window is a guess/);
  const checked = await runHere(['check', '--json'], at);
  assert.equal(checked.code, 0, checked.out + checked.err);
  const said: { readonly warnings: readonly unknown[]; readonly ok: boolean } = JSON.parse(checked.out);
  assert.deepEqual([said.ok, said.warnings], [true, []]);
});

test('a file that is there is not touched, and nobody is asked', async (t) => {
  const at = place(t);
  const { places, asked } = await twoServers(t);
  writeFileSync(join(at.cwd, 'gatehouse.yaml'), 'mine');
  const { code, err } = await init({}, places, at);
  assert.deepEqual([code, err], [2, 'gatehouse.yaml is there already, and is not overwritten; name another file with --output']);
  assert.deepEqual(asked(), []);
  assert.equal(readFileSync(join(at.cwd, 'gatehouse.yaml'), 'utf8'), 'mine');
  assert.equal((await init({ output: 'other.yaml' }, places, at)).code, 0);
  assert.equal((await runHere(['check', 'other.yaml'], at)).code, 0);
});

test('other hosts are asked instead of loopback, and name their servers', async (t) => {
  const at = place(t);
  const { places } = await twoServers(t);
  const { code, err } = await init({ hosts: ['localhost'] }, places, at);
  assert.equal(code, 0, err);
  const text = readFileSync(join(at.cwd, 'gatehouse.yaml'), 'utf8');
  assert.match(text, /^ {2}llamacpp-localhost:$/m);
  assert.match(text, /url: http:\/\/localhost:\d+/);
  assert.equal((await runHere(['check'], at)).code, 0);
});

test('where nobody serves anything, nothing is written', async (t) => {
  const at = place(t);
  const { code, err } = await init({}, [{ port: 1, usually: 'nobody', asks: ['openai'] }], at);
  assert.equal(code, 1);
  assert.match(err, /nobody answered/);
  assert.equal(existsSync(join(at.cwd, 'gatehouse.yaml')), false);
});

test('a host is a host', async (t) => {
  const at = place(t);
  for (const host of ['http://tower', 'tower:11434', '-x', 'a b']) {
    const { code, err } = await runHere(['init', `--hosts=${host}`], at);
    assert.deepEqual([code, /is no host; write names or addresses/.test(err)], [2, true], err);
  }
});
