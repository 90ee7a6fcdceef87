/** What a failure means: what follows each way in which one attempt can end before anything of the answer was released. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptResult } from '#core/routing/outcome.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import {
  contentPolicyScript,
  contextLengthScript,
  htmlErrorScript,
  invalidRequestScript,
  modelNotFoundScript,
  redirectScript,
  refusalScript,
  serverErrorScript,
  unauthorisedScript,
} from '#upstreams/scripted/refusal-script.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { answers, doneEvent, finishEvent, inTurn, roleEvent, streamOf, word } from './machines.ts';
import { contentOf, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const stall = { do: 'stall' } as const;
const quiet500: Script = refusalScript(500, { error: { message: 'an internal error' } });

interface Row {
  readonly name: string;
  readonly does: Script | ScriptHandler;
  /** How its attempts ended, in order. */
  readonly results: readonly AttemptResult[];
  readonly whole?: boolean;
  readonly clocks?: Readonly<Record<string, string>>;
}

const failing: readonly Row[] = [
  { name: 'reset before headers: once more, then failover', does: [{ do: 'rst' }], results: ['flaky', 'flaky'] },
  { name: 'closed before headers', does: [{ do: 'fin' }], results: ['flaky', 'flaky'] },
  { name: '500 at once', does: quiet500, results: ['flaky', 'flaky'] },
  { name: '502 of a proxy, as a page', does: htmlErrorScript(502), results: ['flaky', 'flaky'] },
  { name: '504 at once', does: htmlErrorScript(504), results: ['flaky', 'flaky'] },
  { name: '503 neither busy nor loading', does: refusalScript(503, { error: { message: 'no' } }), results: ['failed'] },
  { name: '501, which is not of the moment', does: refusalScript(501, {}), results: ['failed'] },
  { name: 'a redirect', does: redirectScript('http://127.0.0.1:9/v1/chat/completions'), results: ['failed'] },
  { name: 'headers and then silence', does: streamOf(stall), results: ['failed'], clocks: { first_token: '100ms' } },
  { name: 'no headers', does: [stall], results: ['failed'], clocks: { first_token: '100ms' } },
  { name: 'a role and then silence', does: streamOf(roleEvent, stall), results: ['failed'], clocks: { first_token: '100ms' } },
  { name: 'white space and then silence', does: streamOf(roleEvent, word('  '), stall), results: ['failed'], clocks: { idle: '100ms' } },
  { name: 'the whole reply too late', does: [stall], whole: true, results: ['failed'], clocks: { reply: '100ms' } },
  { name: 'the whole reply cut by the total clock', does: [stall], whole: true, results: ['failed'], clocks: { total: '100ms' } },
  { name: 'cut before content', does: streamOf(roleEvent, { do: 'fin' }), results: ['failed'] },
  { name: 'reset before content', does: streamOf(roleEvent, { do: 'rst' }), results: ['failed'] },
  { name: 'ended properly without a finish reason', does: streamOf(roleEvent), results: ['failed'] },
  { name: 'an event that does not parse', does: streamOf(roleEvent, 'data: {"choices"\n\n', doneEvent), results: ['failed'] },
  { name: 'an error in band', does: streamOf(roleEvent, 'data: {"error":{"message":"no"}}\n\n'), results: ['failed'] },
  { name: 'a whole body that is an error', does: [{ do: 'json', value: { error: { message: 'x' } } }], whole: true, results: ['failed'] },
  { name: 'a whole body without choices', does: [{ do: 'json', value: { choices: [] } }], whole: true, results: ['failed'] },
  {
    name: 'a whole body shorter than its length',
    does: [
      { do: 'header', name: 'content-length', value: '4000' },
      { do: 'body', bytes: '{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}' },
      { do: 'fin' },
    ],
    whole: true,
    results: ['failed'],
  },
  { name: 'nothing in it', does: answers(''), results: ['failed'] },
  { name: 'nothing in it, whole', does: answers(''), whole: true, results: ['failed'] },
  { name: 'only white space', does: answers([' ', '\n']), results: ['failed'] },
  {
    name: 'the budget eaten by reasoning, whole',
    does: answers('', { reasoning: 'hm', finish: 'length' }),
    whole: true,
    results: ['failed'],
  },
  { name: 'our key refused', does: unauthorisedScript(), results: ['failed'] },
  { name: '403', does: refusalScript(403, { error: { message: 'forbidden' } }), results: ['failed'] },
  { name: 'a crash', does: serverErrorScript(), results: ['crashed'] },
  { name: 'the model is not there', does: modelNotFoundScript('m'), results: ['absent'] },
  { name: 'the model is not loaded', does: modelNotFoundScript('m', 'lmstudio'), results: ['absent'] },
  { name: 'broken HTTP', does: [{ do: 'raw', bytes: 'HTTP/1.1 abc\r\n\r\n' }], results: ['failed'] },
];

for (const { name, does, results, whole, clocks } of failing) {
  test(`${name}: the caller gets the next one's answer and sees nothing of it`, async (t) => {
    const { under, machines } = await setStage(t, { machines: { one: { does, ...(clocks ? { clocks } : {}) }, two: answers('from two') } });
    const answer = await under.ask({ stream: whole !== true }).done;
    assert.equal(answer.status, 200, answer.text);
    assert.equal(contentOf(answer), 'from two');
    assert.equal(errorOf(answer), null);
    const [terminal] = under.terminals;
    assert.deepEqual(
      terminal?.attempts.map(({ target, result }) => `${target} ${result}`),
      [...results.map((result) => `one/m ${result}`), 'two/m answered'],
    );
    assert.equal(machines.one.requests.length, results.length);
    assert.equal(answer.headers['x-gatehouse-upstream'], 'two');
    assert.equal(answer.headers['x-gatehouse-attempts'], String(results.length + 1));
    assert.equal(terminal?.servedBy, 'two/m');
  });
}

test('nobody listens: the next candidate at once, and the attempt is recorded', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: answers('from one'), two: answers('from two') } });
  await machines.one.refuse();
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.deepEqual(
    under.terminals[0]?.attempts.map(({ target, result, sentMs }) => [target, result, sentMs === null]),
    [
      ['one/m', 'unreachable', true],
      ['two/m', 'answered', false],
    ],
  );
});

test('the quick retry is on a new connection, and its answer counts', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: inTurn(answers('first'), [{ do: 'rst' }], answers('again')) } });
  assert.equal(contentOf(await under.ask().done), 'first');
  assert.equal(contentOf(await under.ask().done), 'again');
  const connections = machines.one.requests.map(({ connection }) => connection);
  assert.equal(new Set(connections.slice(1)).size, 2, `the retry must not reuse a connection: ${connections.join()}`);
  assert.deepEqual(
    under.terminals[1]?.attempts.map(({ result, reused }) => [result, reused]),
    [
      ['flaky', true],
      ['answered', false],
    ],
  );
});

test('one quick retry for a request, not one for each target', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: quiet500, two: quiet500, three: answers('from three') } });
  assert.equal(contentOf(await under.ask().done), 'from three');
  assert.deepEqual([machines.one.requests.length, machines.two.requests.length], [2, 1]);
});

test('quick retries have a budget', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: quiet500, two: answers('from two') } });
  // Distinct principals and bodies would take the target out; one caller with one body does not.
  for (let count = 0; count < 4; count++) assert.equal(contentOf(await under.ask().done), 'from two');
  assert.equal(machines.one.requests.length, 2 + 2 + 1 + 1);
});

test('a redirect is never followed', async (t) => {
  const elsewhere = await setStage(t, { machines: { away: answers('from elsewhere') } });
  const { under } = await setStage(t, { machines: { one: redirectScript(`${elsewhere.machines.away.url}/v1/chat/completions`) } });
  const answer = await under.ask().done;
  assert.equal(answer.status, 502);
  assert.equal(errorOf(answer)?.code, 'upstream_redirect');
  assert.equal(elsewhere.machines.away.connectionCount, 0);
});

test('too long: only larger windows are asked', async (t) => {
  const models = (context: string) => ({ m: { context } });
  const { under, machines } = await setStage(t, {
    machines: {
      one: { does: contextLengthScript('vllm', { prompt: 20_000, window: 16_000 }), models: models('16k') },
      same: { does: answers('from same'), models: models('16k') },
      large: { does: answers('from large'), models: models('64k') },
    },
  });
  assert.equal(contentOf(await under.ask().done), 'from large');
  assert.equal(machines.same.requests.length, 0);
});

test('too long for everybody is said as such', async (t) => {
  const { under } = await setStage(t, { machines: { one: contextLengthScript('llamacpp', { prompt: 40_000, window: 32_000 }) } });
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [400, 'context_length_exceeded']);
});

for (const [name, does, word_] of [
  ['a content policy', contentPolicyScript(), 'content policy'],
  ['a body it does not understand', invalidRequestScript('top_k must be positive'), 'top_k must be positive'],
  ['415', refusalScript(415, { error: { message: 'unsupported' } }), 'unsupported'],
] as const) {
  test(`refused for ${name}: nobody else is asked, and the reason is told`, async (t) => {
    const { under, machines } = await setStage(t, { machines: { one: does, two: answers('from two') } });
    const answer = await under.ask().done;
    assert.deepEqual([answer.status, errorOf(answer)?.code], [400, 'upstream_rejected']);
    assert.match(errorOf(answer)?.message ?? '', new RegExp(word_));
    assert.equal(answer.headers['x-should-retry'], 'false');
    assert.equal(machines.two.connectionCount, 0);
    assert.equal(under.terminals[0]?.result, 'refused');
  });
}

test('a refused key alarms the operator and is no complaint about the machine', async (t) => {
  const { under } = await setStage(t, { machines: { one: unauthorisedScript() } });
  const answer = await under.ask().done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [502, 'upstream_unauthorised']);
  assert.ok(under.happenings.some((happening) => happening.type === 'alarm' && happening.upstream === 'one'));
  assert.equal(under.fleet.snapshot('one')?.targets[0]?.state, 'good');
  assert.ok(!answer.text.includes('Incorrect API key'), 'the words of a machine stay in the record');
  assert.match(under.terminals[0]?.attempts[0]?.detail ?? '', /Incorrect API key/);
});

test('a crash twice: the body is refused, and nobody is asked again', async (t) => {
  const { under, machines } = await setStage(t, {
    machines: { one: serverErrorScript(), two: serverErrorScript(), three: answers('from three') },
  });
  const first = await under.ask().done;
  assert.deepEqual([first.status, errorOf(first)?.code], [502, 'upstream_crashed']);
  const second = await under.ask().done;
  assert.equal(errorOf(second)?.code, 'upstream_crashed');
  assert.equal(machines.three.connectionCount, 0);
  assert.equal(machines.one.requests.length + machines.two.requests.length, 2);
  const other = await under.ask({ messages: [{ role: 'user', content: 'something else' }] }).done;
  assert.notEqual(other.status, 200, 'the same machines crash again');
});

test('everybody failed: the last failure decides, and every machine is named', async (t) => {
  const { under } = await setStage(t, { machines: { one: { does: [stall], clocks: { first_token: '50ms' } }, two: answers('') } });
  const answer = await under.ask({ stream: true }).done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [502, 'upstream_empty']);
  assert.match(errorOf(answer)?.message ?? '', /one .*no first token.*two answered nothing/);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(under.terminals[0]?.result, 'refused');
});

test('a stream that has answered may be slow in its finish, not silent', async (t) => {
  const { under } = await setStage(t, {
    machines: { one: { does: streamOf(roleEvent, word('half'), stall), clocks: { idle: '100ms' } }, two: answers('from two') },
  });
  const answer = await under.ask({ stream: true }).done;
  assert.equal(errorOf(answer)?.code, 'upstream_stalled');
  assert.equal(contentOf(answer), 'half');
  assert.deepEqual([under.terminals[0]?.result, under.terminals[0]?.servedBy], ['failed', 'one/m']);
});

test('a finish reason is a proper end, whatever happens to the connection then', async (t) => {
  for (const end of [{ do: 'rst' }, { do: 'fin' }] as const) {
    const { under } = await setStage(t, { machines: { one: streamOf(roleEvent, word('whole'), finishEvent, end) } });
    assert.equal(contentOf(await under.ask({ stream: true }).done), 'whole');
    assert.equal(under.terminals[0]?.result, 'ok');
  }
});
