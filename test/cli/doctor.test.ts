/** `gatehouse doctor` against servers on loopback: what it finds, and that it asks only what costs nothing. */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { DoctorOptions } from '#cli/doctor.ts';
import { runDoctor } from '#cli/run-doctor.ts';
import type { Surroundings } from '#cli/run-doctor.ts';
import { examineClock } from '#doctor/examine-clock.ts';
import type { Finding } from '#doctor/finding.ts';
import { place, runHere } from './cli-stage.ts';
import type { Place } from './cli-stage.ts';

interface Answers {
  readonly [path: string]: { readonly status?: number; readonly json?: unknown; readonly text?: string };
}

/** A server that answers these paths; its url, and what it was asked. */
async function serve(
  t: TestContext,
  answers: Answers,
  key?: string,
): Promise<{ readonly url: string; readonly port: number; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const refused = key !== undefined && request.headers.authorization !== `Bearer ${key}`;
    const answer = refused ? { status: 401 } : answers[request.url ?? ''];
    response.writeHead(answer?.status ?? (answer === undefined ? 404 : 200), { 'content-type': 'application/json' });
    response.end(answer?.text ?? JSON.stringify(answer?.json ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, asked };
}

const vllm: Answers = {
  '/health': {},
  '/version': { json: { version: '0.11.2' } },
  '/v1/models': { json: { object: 'list', data: [{ id: 'qwen', object: 'model', owned_by: 'vllm', max_model_len: 8_192 }] } },
};
const llama: Answers = {
  '/health': { json: { status: 'ok' } },
  '/v1/models': { json: { object: 'list', data: [{ id: 'm', object: 'model', owned_by: 'llamacpp' }] } },
  '/props': {
    json: { total_slots: 2, build_info: 'b6123-abcdef', default_generation_settings: { n_ctx: 4_096 }, modalities: { vision: false } },
  },
};

interface Said {
  readonly code: number;
  readonly out: string;
  readonly ok: boolean;
  readonly upstreams: readonly unknown[];
  readonly findings: readonly Finding[];
}

const quiet: Surroundings = { ownAddresses: [], now: () => Date.now() };

async function doctor(at: Place, around: Partial<Surroundings> = {}, options: DoctorOptions = {}): Promise<Said> {
  let out = '';
  const shell = {
    out: (text: string) => void (out += text),
    err: () => {},
    env: at.env,
    cwd: at.cwd,
    outIsTty: false,
    errIsTty: false,
    size: () => ({ columns: 100, rows: 40 }),
    exitCode: 0,
  };
  const code = await runDoctor({ json: true, ...options }, shell, { ...quiet, ...around });
  return { code, out, ...JSON.parse(out) };
}

function policy(at: Place, upstreams: string, target: string): void {
  const path = join(at.cwd, 'gatehouse.yaml');
  writeFileSync(path, `version: 1\nhouse: home\nupstreams:\n${upstreams}routes:\n  chat: { target: ${target} }\n`);
  chmodSync(path, 0o600);
}

test('a house that is well: nothing to mend, exit code 0, and nothing but GETs', async (t) => {
  const at = place(t);
  const [big, small] = [await serve(t, vllm), await serve(t, llama)];
  policy(
    at,
    `  big: { kind: vllm, url: '${big.url}', slots: 8, models: { qwen: { context: 8k } } }\n  small: { kind: llamacpp, url: '${small.url}', slots: 2, models: { m: { context: 4k } } }\n`,
    'big',
  );
  const said = await doctor(at);
  assert.deepEqual([said.code, said.ok, said.findings], [0, true, []]);
  assert.deepEqual(said.upstreams, [
    { name: 'big', state: 'up', version: '0.11.2', slots: null },
    { name: 'small', state: 'up', version: 'b6123-abcdef', slots: 2 },
  ]);
  for (const line of [...big.asked, ...small.asked]) assert.match(line, /^GET \/(?:health|version|metrics|props|v1\/models)$/);
});

test('what the servers say otherwise is found, each with a remedy', async (t) => {
  const at = place(t);
  const [big, small, locked] = [await serve(t, vllm), await serve(t, llama), await serve(t, vllm, 'sk-1')];
  policy(
    at,
    [
      `  big: { kind: vllm, url: '${big.url}', slots: 8, models: { qwen: { context: 32k }, gone: { context: 1k } } }`,
      `  small: { kind: llamacpp, url: '${small.url}', slots: 4, models: { m: { context: 4k, input: [text, image] } } }`,
      `  locked: { kind: vllm, url: '${locked.url}', slots: 1, models: { qwen: { context: 8k } } }`,
      `  out: { kind: vllm, url: 'http://127.0.0.1:1', slots: 1, models: { qwen: { context: 8k } } }\n`,
    ].join('\n'),
    'big/qwen',
  );
  const { code, findings } = await doctor(at);
  assert.equal(code, 1);
  const text = findings.map(({ about, problem }) => `${about}: ${problem}`).join('\n');
  for (const wanted of [
    /^big: the policy gives qwen a window of 32000 tokens, its server one of 8192$/m,
    /^big: its server does not list the model gone; it lists qwen$/m,
    /^small: the policy gives it 4 slots, its server works on 2 at once/m,
    /^small: m does not take image, says its server$/m,
    /^locked: it is not well: refused our key \(401\)$/m,
    /^out: it cannot be reached at http:\/\/127\.0\.0\.1:1: /m,
  ])
    assert.match(text, wanted);
  assert.equal(findings.length, 6, text);
  assert.ok(findings.every(({ remedy }) => remedy.length > 10));
});

test('a server that others reach without a key is found; one that wants a key is not', async (t) => {
  const at = place(t);
  const [open, locked] = [await serve(t, vllm), await serve(t, vllm, 'sk-1')];
  const keyFile = join(at.cwd, 'locked.key');
  writeFileSync(keyFile, 'sk-1\n');
  chmodSync(keyFile, 0o600);
  policy(
    at,
    `  open: { kind: vllm, url: 'http://localhost:${open.port}', slots: 1, models: { qwen: { context: 8k } } }\n  locked: { kind: vllm, url: '${locked.url}', slots: 1, key: 'file:locked.key', models: { qwen: { context: 8k } } }\n`,
    'open',
  );
  // Loopback stands in for an address of this machine that others reach.
  const { code, findings } = await doctor(at, { ownAddresses: ['127.0.0.1'] });
  assert.equal(code, 1);
  assert.deepEqual(findings, [
    {
      about: 'open',
      problem: `it is reachable without the gatehouse: http://127.0.0.1:${open.port} answers without a key`,
      remedy: 'let the server listen on 127.0.0.1 only',
    },
  ]);
});

test('files that others may use are found', async (t) => {
  const at = place(t);
  const big = await serve(t, vllm);
  policy(at, `  big: { kind: vllm, url: '${big.url}', slots: 1, key: 'file:big.key', models: { qwen: { context: 8k } } }\n`, 'big');
  writeFileSync(join(at.cwd, 'big.key'), 'sk-1\n');
  chmodSync(join(at.cwd, 'big.key'), 0o640);
  chmodSync(join(at.cwd, 'gatehouse.yaml'), 0o666);
  const data = join(at.cwd, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'keys.json'), '[]');
  chmodSync(join(data, 'keys.json'), 0o644);
  chmodSync(data, 0o755);
  const { findings } = await doctor(at, {}, { data });
  assert.deepEqual(
    findings.map(({ remedy }) => remedy),
    [`chmod 700 ${data}`, `chmod 600 ${data}/keys.json`, `chmod go-w ${at.cwd}/gatehouse.yaml`, `chmod 600 ${at.cwd}/big.key`],
  );
});

test('a record that may become larger than its disk is found', async (t) => {
  const at = place(t);
  const big = await serve(t, vllm);
  policy(at, `  big: { kind: vllm, url: '${big.url}', slots: 1, models: { qwen: { context: 8k } } }\n`, 'big');
  appendFileSync(join(at.cwd, 'gatehouse.yaml'), 'record: { max: 900000GB }\n');
  const { findings } = await doctor(at);
  assert.match(findings[0]?.problem ?? '', /the record may grow by 900000\.0 GB, and/);
});

test('a clock that cannot be right is found, and whose it is', async (t) => {
  const at = place(t);
  const [big, small] = [await serve(t, vllm), await serve(t, llama)];
  policy(at, `  big: { kind: vllm, url: '${big.url}', slots: 8, models: { qwen: { context: 8k } } }\n`, 'big');
  const { findings } = await doctor(at, { now: () => Date.now() - 3_600_000 });
  assert.equal(findings[0]?.about, 'big');
  assert.match(findings[0]?.problem ?? '', /its clock is (?:3599|3600) s ahead of this machine’s/);
  assert.equal(examineClock(0, [])[0]?.problem, 'this machine believes it is 1970-01-01T00:00:00.000Z');
  const now = Date.UTC(2026, 5, 1);
  const off = (name: string, clockAheadMs: number | null) => ({ name, clockAheadMs });
  assert.deepEqual(examineClock(now, [off('a', 1_000), off('b', null)]), []);
  assert.deepEqual(
    examineClock(now, [off('a', 900_000), off('b', 900_000)]).map(({ about }) => about),
    ['clock'],
  );
  assert.equal(small.asked.length, 0, 'only servers of the policy are asked');
});

test('for people: a line per server, and each finding with its remedy', async (t) => {
  const at = place(t);
  policy(at, `  out: { kind: vllm, url: 'http://127.0.0.1:1', slots: 1, models: { qwen: { context: 8k } } }\n`, 'out');
  const { code, out } = await runHere(['doctor'], at);
  assert.equal(code, 1);
  assert.match(
    out,
    /^out: unreachable\n\nout: it cannot be reached at http:\/\/127\.0\.0\.1:1: .*\n {2}remedy: start the server, or correct the port of its url\n/,
  );
});

test('without a policy, or with one that does not load, there is nothing to examine', async (t) => {
  const at = place(t);
  const none = await runHere(['doctor'], at);
  assert.deepEqual([none.code, none.out], [2, '']);
  assert.match(none.err, /there is no policy to examine; looked at .*; make one with: gatehouse init\n$/);
  writeFileSync(join(at.cwd, 'gatehouse.yaml'), 'version: 2\n');
  assert.equal((await runHere(['doctor'], at)).code, 2);
});
