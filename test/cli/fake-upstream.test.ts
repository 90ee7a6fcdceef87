/** The lying server as people run it: its address, what it does with a request, what it says of it, how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import { place, runHere, startChild } from './cli-stage.ts';
import type { Running } from './cli-stage.ts';

async function startLiar(t: TestContext, ...args: readonly string[]): Promise<{ readonly liar: Running; readonly url: string }> {
  const liar = startChild(['fake-upstream', ...args], place(t), t);
  const [, url = ''] = await liar.says(/(http:\/\/127\.0\.0\.1:\d+)/);
  return { liar, url };
}

const ask = (url: string, model: string, stream = true): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'hello' }] }),
  });

test('it does what the fault does, tells of every request, and ends with a signal', async (t) => {
  const { liar, url } = await startLiar(t, '--fault', 'f32', '--case', '2');
  await assert.rejects((await ask(url, 'any')).text());
  await liar.says(/^#0 POST \/v1\/chat\/completions {2}F32 in the middle {2}\d+ B in, \d+ B out {2}cut$/m);
  const well = await (await ask(url, 'healthy')).text();
  assert.match(well, /data: \[DONE\]\n\n$/);
  await liar.says(/^#1 POST \S+ {2}well {2}\d+ B in, \d+ B out {2}finished$/m);
  liar.child.kill('SIGTERM');
  assert.equal((await liar.ended).code, 0);
});

test('a request names its fault by its model; what left is told with the time', async (t) => {
  const { liar, url } = await startLiar(t, '--json');
  assert.equal((await ask(url, 'fault:F09', false)).status, 503);
  assert.equal((await ask(url, 'fault:F00', false)).status, 404);
  const leaving = new AbortController();
  const { body } = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'fault:F50', stream: true, messages: [] }),
    signal: leaving.signal,
  });
  assert.ok(body);
  leaving.abort();
  await liar.says(/"fault":"F50".*"abortMs":\d+/);
  const models = (await (await fetch(`${url}/v1/models`)).json()) as { readonly data: readonly { readonly id: string }[] };
  assert.deepEqual(
    models.data.map(({ id }) => id),
    ['healthy', ...faultCatalog.map(({ id }) => `fault:${id}`)],
  );
});

test('what happens once is well the next time, what happens on a used connection waits for one', async (t) => {
  const { url } = await startLiar(t, '--fault', 'F12', '--case', '1');
  assert.deepEqual([(await ask(url, 'any', false)).status >= 502, (await ask(url, 'any', false)).status], [true, 200]);
});

test('nobody listens where nobody is to listen', async (t) => {
  const { url } = await startLiar(t, '--fault', 'F01');
  await assert.rejects(ask(url, 'any'), (error: Error) => String(error.cause).includes('ECONNREFUSED'));
});

test('a black hole answers no connection', { skip: process.platform === 'linux' ? false : 'queues are longer elsewhere' }, async (t) => {
  const { url } = await startLiar(t, '--fault', 'F02');
  const patience = AbortSignal.timeout(300);
  await assert.rejects(fetch(url, { signal: patience }), { name: 'TimeoutError' });
});

test('the list names every fault and case; what is wrong is one line and exit code 2', async (t) => {
  const at = place(t);
  const { code, out } = await runHere(['fake-upstream', '--list'], at);
  assert.equal(code, 0);
  for (const { id, title, cases } of faultCatalog) {
    assert.ok(out.includes(`${id}  ${title}\n`), id);
    for (const { name } of cases) assert.ok(out.includes(name), name);
  }
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--fault', 'F99'], /^gatehouse: there is no fault "F99"; see them with: gatehouse fake-upstream --list\n$/],
    [['--fault', 'F32', '--case', '99'], /^gatehouse: --case: "99" is no whole number up to 6\n$/],
    [['--port', 'x'], /^gatehouse: --port: "x" is no whole number up to 65535\n$/],
    [['--fault', 'F63'], /^gatehouse: F63 is a fault of name servers/],
  ];
  for (const [args, err] of cases) {
    const said = await runHere(['fake-upstream', ...args], at);
    assert.equal(said.code, 2, args.join(' '));
    assert.match(said.err, err);
  }
});
