/** A whole house over real HTTP: what an operator and several callers see of it. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { busyScript } from '#upstreams/scripted/refusal-script.ts';
import { answering, gatedStream } from './model-server.ts';
import { rawAnswer, rawExchange } from './raw-exchange.ts';
import type { RawExchange } from './raw-exchange.ts';
import { replayDecisions } from './replay-decisions.ts';
import { startHouseOnLoopback } from './running-house.ts';
import type { DecisionLine, HouseOnLoopback, MachineSetting } from './running-house.ts';

type Name = 'win' | 'six' | 'spark';
type Homelab = HouseOnLoopback<Name>;
type Urls = Readonly<Record<Name, string>>;

/** The homelab; `chat` is what a reload changes. */
const homelab =
  (chat = 'chat: { target: win, spill: [six], failover: [spark] }', slots = 3) =>
  (urls: Urls): string =>
    `
version: 1
house: homelab
upstreams:
  win: { kind: lmstudio, url: ${urls.win}, slots: ${slots}, models: { win: { context: 32k } } }
  six: { kind: vllm, url: ${urls.six}, slots: ${slots}, models: { six: { context: 128k } } }
  spark: { kind: vllm, url: ${urls.spark}, slots: 6, models: { spark: { context: 128k } } }
routes:
  ${chat}
  code: { target: six, failover: [spark] }
  reasoning: { target: spark }
classify:
  coding: { route: code, words: [refactor] }
  reasoning: { route: reasoning, words: [review, security] }
  other: { route: chat }
profiles:
  personal: { tier: sovereign }
  guests: { tier: sovereign, routes: [chat] }
`;

function startHomelab(t: TestContext, does: Partial<Record<Name, MachineSetting['does']>> = {}, policy = homelab()): Promise<Homelab> {
  const machine = (name: Name): MachineSetting => ({ does: does[name] ?? answering({ model: name, text: `from ${name}` }) });
  return startHouseOnLoopback(t, { win: machine('win'), six: machine('six'), spark: machine('spark') }, policy);
}

interface Asking {
  readonly key?: string;
  readonly model?: string;
  readonly text?: string;
  readonly stream?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

const sent = (lab: Homelab, { key, model, text, stream, headers }: Asking): Parameters<typeof rawAnswer> => [
  `${lab.origin()}/v1/chat/completions`,
  {
    key: key ?? lab.key,
    body: {
      model: model ?? 'homelab/chat',
      messages: [{ role: 'user', content: text ?? 'hello' }],
      ...(stream === true ? { stream } : {}),
    },
    ...(headers ? { headers } : {}),
  },
];
const ask = (lab: Homelab, asking: Asking = {}): ReturnType<typeof rawAnswer> => rawAnswer(...sent(lab, asking));
const open = (lab: Homelab, asking: Asking = {}): Promise<RawExchange> => rawExchange(...sent(lab, { stream: true, ...asking }));
const servedBy = async (answer: ReturnType<typeof rawAnswer>): Promise<string> => {
  const { status, headers, text } = await answer;
  return status === 200 ? String(headers['x-gatehouse-upstream']) : `${status} ${String(JSON.parse(text).error.code)}`;
};
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('what machines said of themselves keeps no closed house alive', async (t) => {
  const before = timers();
  const lab = await startHomelab(t, { spark: busyScript(60) });
  assert.equal((await ask(lab, { model: 'homelab/reasoning' })).status, 429);
  await lab.house().close(0);
  assert.equal(timers(), before);
});

test('words, the route header and the model’s name choose, and the answer says what was chosen', async (t) => {
  const lab = await startHomelab(t);
  const review = await ask(lab, { model: 'homelab/auto', text: 'Review the security of this code' });
  assert.equal(review.headers['x-gatehouse-upstream'], 'spark');
  assert.equal(review.headers['x-gatehouse-route'], 'reasoning');
  assert.equal(review.headers['x-gatehouse-tier'], 'sovereign');
  assert.equal(review.headers['x-gatehouse-attempts'], '1');
  assert.match(String(review.headers['x-gatehouse-reason']), /reasoning/);
  assert.equal(review.headers['x-gatehouse-policy'], lab.house().tables().hash.slice(0, 12));
  assert.equal(
    await servedBy(ask(lab, { model: 'homelab/auto', headers: { 'x-gatehouse-route': 'code' } })),
    'six',
    'the header wins over the model',
  );
  assert.equal(await servedBy(ask(lab, { headers: { 'x-gatehouse-route': 'nowhere' } })), '404 model_not_found');
  assert.equal(await servedBy(ask(lab, { model: 'spark' })), 'spark');
  const guest = await lab.newKey('guests');
  assert.equal(await servedBy(ask(lab, { key: guest, headers: { 'x-gatehouse-route': 'code' } })), '403 scope_denied');
  assert.equal(
    await servedBy(ask(lab, { key: guest, model: 'homelab/auto', text: 'review this' })),
    'win',
    'only its own routes take part',
  );
});

test('a fourth caller on three slots spills, and a freed slot is used again', async (t) => {
  const lab = await startHomelab(t, { win: gatedStream('win') });
  const holding = [await open(lab), await open(lab), await open(lab)];
  await Promise.all(holding.map((exchange) => exchange.until('first')));
  assert.equal(await servedBy(ask(lab)), 'six');
  assert.equal(lab.machines.win.chats().length, 3);
  lab.machines.win.server.open('more');
  await Promise.all(holding.map((exchange) => exchange.ended));
  const again = await open(lab);
  assert.equal(again.headers['x-gatehouse-upstream'], 'win');
  await again.ended;
});

test('the senior is down: an error that says who, since when and what comes next, never somebody else', async (t) => {
  const lab = await startHomelab(t);
  await lab.machines.spark.server.refuse();
  lab.machines.spark.server.resetAll();
  assert.equal(await servedBy(ask(lab, { model: 'homelab/reasoning' })), '503 no_route');
  await lab.untilTold(({ happening }) => happening.type === 'upstream' && happening.upstream === 'spark' && happening.state === 'ejected');
  const { status, text, headers } = await ask(lab, { model: 'homelab/reasoning' });
  const { error } = JSON.parse(text);
  assert.equal(status, 503);
  assert.match(
    error.message,
    /^homelab\/reasoning has no machine: spark is down \(connection refused, \d+ m?s ago; next try in \d+ s\)\. This route never falls back\. /,
  );
  assert.ok(error.message.includes(headers['x-request-id']));
  assert.equal(lab.machines.win.chats().length + lab.machines.six.chats().length, 0);
});

test('a drain through the operator’s socket: new work goes elsewhere, running work goes on, pins pass', async (t) => {
  const lab = await startHomelab(t, { win: gatedStream('win') });
  const running = await open(lab);
  await running.until('first');
  assert.equal((await lab.operator('POST', '/admin/drain/win')).status, 200);
  assert.equal(await servedBy(ask(lab)), 'spark', 'a drained target cannot: straight to failover');
  const pinned = await open(lab, { model: 'win/win' });
  assert.equal(pinned.headers['x-gatehouse-upstream'], 'win');
  lab.machines.win.server.open('more');
  assert.ok((await running.ended).text.endsWith('data: [DONE]\n\n'));
  await pinned.ended;
  assert.equal((await lab.operator('POST', '/admin/drain/homelab%2Fcode')).status, 200);
  assert.equal(await servedBy(ask(lab, { model: 'homelab/auto', text: 'refactor' })), 'spark', 'auto names nothing');
  assert.equal(await servedBy(ask(lab, { model: 'homelab/code' })), 'six', 'who names the route passes its drain');
  assert.equal((await lab.operator('POST', '/admin/drain/sprak')).status, 404);
  for (const name of ['win', 'code']) assert.equal((await lab.operator('POST', `/admin/undrain/${name}`)).status, 200);
  assert.equal(await servedBy(ask(lab, { stream: true })), 'win');
  const operated = lab
    .decisions()
    .flatMap((line) => (line.type === 'admin' && line.action !== 'policy' ? [`${line.action} ${line.subject}`] : []));
  assert.deepEqual(operated, ['drain upstream win', 'drain route code', 'undrain upstream win', 'undrain route code']);
  const denied = await rawAnswer(`${lab.origin()}/admin/drain/win`, { key: lab.key, method: 'POST' });
  assert.equal(denied.status, 403, 'a client key never opens /admin');
});

test('a reload: what runs goes on, new requests meet the new policy, a wrong file changes nothing', async (t) => {
  const lab = await startHomelab(t, { win: gatedStream('win') });
  const running = await open(lab);
  await running.until('first');
  const before = lab.house().tables().hash;
  lab.writePolicy(homelab('chat: { target: six }'));
  const loaded: { readonly status: number; readonly json: { readonly hash: string; readonly inForce: string } } = await lab.operator(
    'POST',
    '/admin/reload-config',
  );
  assert.equal(loaded.status, 200);
  assert.notEqual(loaded.json.hash, before);
  const next = await ask(lab);
  assert.equal(next.headers['x-gatehouse-upstream'], 'six');
  assert.equal(next.headers['x-gatehouse-policy'], loaded.json.hash.slice(0, 12));

  lab.writePolicy(homelab('chat: { target: six, failover: [sprak] }'));
  const refused: { readonly status: number; readonly json: { readonly problems: readonly string[]; readonly inForce: string } } =
    await lab.operator('POST', '/admin/reload-config');
  assert.equal(refused.status, 400);
  assert.match(
    refused.json.problems.join('\n'),
    /^gatehouse\.yaml:9:\d+ routes\.chat\.failover: no target "sprak"\. Did you mean "spark"\?$/,
  );
  assert.equal(refused.json.inForce, loaded.json.hash);
  assert.equal(await servedBy(ask(lab)), 'six', 'the old one goes on serving');

  lab.machines.win.server.open('more');
  const { text, proper } = await running.ended;
  assert.ok(proper && text.includes('last') && text.endsWith('data: [DONE]\n\n'), text);
  assert.equal(running.headers['x-gatehouse-policy'], before.slice(0, 12));
});

test('two hundred requests while the policy is swapped under them: none is lost, none answered twice', async (t) => {
  const lab = await startHomelab(t, {}, homelab(undefined, 100));
  const asked = Array.from({ length: 200 }, (_, at) => open(lab, { text: `number ${at}`, stream: at % 2 === 0 }));
  for (let swap = 0; swap < 6; swap++) {
    lab.writePolicy(homelab(swap % 2 === 0 ? 'chat: { target: six, spill: [win], failover: [spark] }' : undefined, 100));
    assert.equal((await lab.operator('POST', '/admin/reload-config')).status, 200);
  }
  const answers = await Promise.all(
    asked.map(async (exchange) => ({
      status: (await exchange).status,
      id: String((await exchange).headers['x-request-id']),
      ...(await (
        await exchange
      ).ended),
    })),
  );
  for (const { status, text, proper } of answers) assert.ok(status === 200 && proper && /from (win|six)/.test(text), `${status} ${text}`);
  assert.equal(new Set(answers.map(({ id }) => id)).size, 200);
  const terminals = lab.decisions().filter((line) => line.type === 'terminal');
  assert.deepEqual(terminals.map((line) => line.id).toSorted(), answers.map(({ id }) => id).toSorted(), 'each has its one record');
  assert.ok(terminals.every((line) => line.result === 'ok'));
  const dialled = (['win', 'six', 'spark'] as const).map((name) => lab.machines[name].chats().length);
  assert.equal(
    dialled.reduce((sum, count) => sum + count),
    200,
    `each was asked of one machine: ${dialled.join(' + ')}`,
  );
});

test('a revoked key: its stream is cut, its next request is 401, others go on', async (t) => {
  const lab = await startHomelab(t, { win: gatedStream('win') });
  const lost = await lab.newKey('guests', 'lost-phone');
  const theirs = await open(lab, { key: lost });
  const ours = await open(lab);
  await Promise.all([theirs.until('first'), ours.until('first')]);
  assert.equal((await lab.operator('POST', '/admin/keys/revoke', { key: 'lost-phone' })).status, 200);
  const { proper, text } = await theirs.ended;
  assert.ok(!text.includes('[DONE]') && !(proper && text.includes('last')), text);
  // It was not the caller who left.
  await lab.untilTold(({ happening }) => happening.type === 'request' && happening.terminal.code === 'key_unknown');
  assert.equal(await servedBy(ask(lab, { key: lost })), '401 key_unknown');
  lab.machines.win.server.open('more');
  assert.ok((await ours.ended).text.endsWith('data: [DONE]\n\n'));
});

test('health for anybody; readiness is the policy and the record, whatever the machines do', async (t) => {
  const lab = await startHomelab(t);
  const word = async (path: string): Promise<string> => {
    const { status, text } = await rawAnswer(`${lab.origin()}${path}`);
    return `${status} ${text.trim()}`;
  };
  for (const name of ['win', 'six', 'spark'] as const) {
    await lab.machines[name].server.refuse();
    lab.machines[name].server.resetAll();
  }
  assert.equal(await servedBy(ask(lab)), '503 no_route');
  assert.deepEqual([await word('/healthz'), await word('/readyz')], ['200 ok', '200 ready']);
});

test('without its record the house answers nothing, says so, and comes back by itself', async (t) => {
  const lab = await startHomelab(t);
  const record = join(lab.folder, 'record.db');
  // What is written into a file that nobody finds again is not kept, whatever the disk says.
  renameSync(record, `${record}-elsewhere`);
  const { status, text, headers } = await ask(lab);
  assert.deepEqual({ status, code: JSON.parse(text).error.code }, { status: 503, code: 'record_unavailable' });
  assert.match(String(headers['retry-after']), /^\d+$/);
  const streamed = await ask(lab, { stream: true });
  assert.equal(streamed.status, 503);
  assert.ok(lab.machines.win.chats().length <= 2, 'a machine of the house may be asked; nothing of its answer goes out');
  const ready = await rawAnswer(`${lab.origin()}/readyz`);
  assert.deepEqual([ready.status, ready.text], [503, 'not ready\n']);
  assert.equal((await rawAnswer(`${lab.origin()}/healthz`)).status, 200);
  assert.equal((await lab.operator('POST', '/admin/drain/win')).status, 503, 'nor is anything changed that cannot be written down');

  renameSync(`${record}-elsewhere`, record);
  await lab.untilTold(({ happening }) => happening.type === 'record' && happening.message.includes('again'));
  assert.equal(await servedBy(ask(lab)), 'win');
  assert.equal((await rawAnswer(`${lab.origin()}/readyz`)).status, 200);
  const told = lab.decisions().flatMap((line) => (line.type === 'admin' && line.action === 'unavailable' ? [line] : []));
  const [outage] = told as readonly { readonly refused?: number }[];
  assert.ok(Number(outage?.refused) >= 3, JSON.stringify(told));
});

test('a restart keeps drains and keys', async (t) => {
  const lab = await startHomelab(t);
  const guest = await lab.newKey('guests');
  const gone = await lab.newKey('guests', 'gone');
  await lab.operator('POST', '/admin/keys/revoke', { key: 'gone' });
  await lab.operator('POST', '/admin/drain/win');
  await lab.restart();
  assert.equal(lab.house().firstKey, null, 'the first key is made and shown once');
  assert.equal(await servedBy(ask(lab)), 'spark');
  assert.equal(await servedBy(ask(lab, { key: guest })), 'spark');
  assert.equal(await servedBy(ask(lab, { key: gone })), '401 key_unknown');
  await lab.operator('POST', '/admin/undrain/win');
  await lab.restart();
  assert.equal(await servedBy(ask(lab)), 'win');
});

test('the decision log of all this decides again to the same, from its own values alone', async (t) => {
  const lab = await startHomelab(t, { win: gatedStream('win'), six: busyScript(5) });
  const tables = [lab.house().tables()];
  const holding = [await open(lab), await open(lab), await open(lab)];
  await Promise.all(holding.map((exchange) => exchange.until('first')));
  const asked: readonly Asking[] = [
    {},
    { model: 'homelab/auto', text: 'refactor this' },
    { model: 'homelab/auto', text: 'review this' },
    { model: 'homelab/nothing' },
    { model: 'six/six' },
    { headers: { 'x-gatehouse-route': 'reasoning' }, stream: true },
    { headers: { 'x-gatehouse-tier': 'local-first' } },
  ];
  for (const asking of asked) await ask(lab, asking);
  await lab.operator('POST', '/admin/drain/spark');
  for (const asking of asked) await ask(lab, asking);
  lab.writePolicy(homelab('chat: { target: [win] , failover: [spark] }'));
  await lab.operator('POST', '/admin/reload-config');
  tables.push(lab.house().tables());
  lab.machines.spark.answer([{ do: 'rst' }]);
  await lab.operator('POST', '/admin/undrain/spark');
  for (const asking of asked) await ask(lab, asking);
  lab.machines.win.server.open('more');
  await Promise.all(holding.map((exchange) => exchange.ended));
  const lines: readonly DecisionLine[] = lab.decisions();
  const replayed = replayDecisions(lines, tables);
  assert.deepEqual(replayed.problems, []);
  assert.ok(replayed.decided >= 20 && replayed.walked >= 15, JSON.stringify(replayed));
  const other = lines.map((line) =>
    line.type === 'start' && line.facts ? { ...line, facts: { ...line.facts, model: 'homelab/reasoning' } } : line,
  );
  assert.notDeepEqual(replayDecisions(other, tables).problems, [], 'a log that was tampered with does not replay');
});
