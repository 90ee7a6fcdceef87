/** A house under continuous load over real HTTP, while everything that an operator and the machines can do is done to it. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { busyScript } from '#upstreams/scripted/refusal-script.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { answering, asksStream } from './model-server.ts';
import { eventsOf, rawAnswer } from './raw-exchange.ts';
import { startHouseOnLoopback } from './running-house.ts';
import type { HouseOnLoopback } from './running-house.ts';

const names = ['win', 'six', 'spark'] as const;
type Name = (typeof names)[number];
type Lab = HouseOnLoopback<Name>;
type Urls = Readonly<Record<Name, string>>;
type Answer = Awaited<ReturnType<typeof rawAnswer>> & { readonly asking: Asking };

/** What one of the callers asks, again and again. */
interface Asking {
  readonly profile: string;
  readonly route: string;
  readonly stream: boolean;
}

/** Everybody is rescued or waits, but for the strict, who want their target or an error. */
const callers: readonly Asking[] = [
  { profile: 'careful', route: 'chat', stream: true },
  { profile: 'patient', route: 'chat', stream: false },
  { profile: 'careful', route: 'code', stream: true },
  { profile: 'patient', route: 'reasoning', stream: true },
  { profile: 'careful', route: 'code', stream: true },
  { profile: 'patient', route: 'code', stream: false },
  { profile: 'patient', route: 'reasoning', stream: true },
  { profile: 'strict', route: 'code', stream: false },
];
const requestsWanted = 400;

const policy =
  (powerSwitch: string, chat: string) =>
  (urls: Urls): string =>
    `
version: 1
house: homelab
upstreams:
  win: { kind: lmstudio, url: ${urls.win}, slots: 2, models: { win: { context: 32k } } }
  six:
    kind: vllm
    url: ${urls.six}
    slots: 3
    recover: { command: ${JSON.stringify([process.execPath, '-e', `fetch(${JSON.stringify(powerSwitch)})`])} }
    models: { six: { context: 128k } }
  spark: { kind: vllm, url: ${urls.spark}, slots: 4, models: { spark: { context: 128k } } }
routes:
  chat: ${chat}
  code: { target: six, spill: [win], failover: [spark] }
  reasoning: { target: spark }
profiles:
  careful: { wait: 1s, commit: end, exhausted: { queue: 30s } }
  patient: { wait: 1s, exhausted: { queue: 30s } }
  strict: { fallback: never }
`;
const firstChat = '{ target: win, spill: [six], failover: [spark] }';
const otherChat = '{ target: six, failover: [win, spark] }';
const wrongChat = '{ target: six, failover: [sprak] }';

/** Its own words in several pieces, with time between them, so that something always happens in the middle of an answer. */
const pieces = (name: Name): readonly string[] => ['this ', 'was ', 'all ', 'said ', `by ${name}`];
const says = (name: Name): string => pieces(name).join('');
const talking = (name: Name): ScriptHandler => {
  const answer = answering({ model: name, text: pieces(name) }, { everyMs: 2 });
  return (request) => (asksStream(request) ? answer(request) : [{ do: 'delay', ms: 8 }, ...answer(request)]);
};

/** A switch on the network that lets a machine listen again; its address is what the command of the policy calls. */
async function startPowerSwitch(t: TestContext, turnOn: () => Promise<void>): Promise<string> {
  const server = createServer((_, response) => void turnOn().then(() => response.end('on')));
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/on`;
}

/** Callers who ask one thing after the other until there were enough requests and `end` was called. */
class Load {
  readonly answers: Answer[] = [];
  readonly #goals: { readonly count: number; readonly reached: () => void }[] = [];
  readonly #running: Promise<unknown>;
  #ending = false;

  constructor(origin: string, keys: ReadonlyMap<string, string>) {
    this.#running = Promise.all(callers.map((asking) => this.#call(asking, origin, keys.get(asking.profile) ?? '')));
    // Whoever waits for a goal hears of it at `end`; without this a failing caller would be an unhandled rejection.
    this.#running.catch(() => undefined);
  }

  /** Resolves once so many more answers have come. */
  more(count: number): Promise<unknown> {
    const goal = new Promise<void>((reached) => this.#goals.push({ count: this.answers.length + count, reached }));
    return Promise.race([goal, this.#running]);
  }

  /** Lets every caller come to the end of what it asked. */
  async end(): Promise<void> {
    if (this.answers.length < requestsWanted) await this.more(requestsWanted - this.answers.length);
    this.#ending = true;
    await this.#running;
  }

  async #call(asking: Asking, origin: string, key: string): Promise<void> {
    while (!this.#ending) {
      const body = { model: `homelab/${asking.route}`, messages: [{ role: 'user', content: 'hello' }], stream: asking.stream };
      const answer = await rawAnswer(`${origin}/v1/chat/completions`, { key, body });
      this.answers.push({ ...answer, asking });
      for (const goal of this.#goals) if (this.answers.length >= goal.count) goal.reached();
    }
  }
}

/** The text that a caller got, put together; null if its answer is not whole. */
function wholeText({ asking, proper, status, text }: Answer): string | null {
  if (!proper || status !== 200) return null;
  if (!asking.stream) return JSON.parse(text).choices[0].message.content;
  const events = eventsOf(text);
  if (events.at(-1) !== '[DONE]') return null;
  return events
    .slice(0, -1)
    .map((event) => JSON.parse(event).choices[0]?.delta.content ?? '')
    .join('');
}

const becomes = (lab: Lab, upstream: Name, state: string): Promise<void> => {
  const since = lab.told.length;
  return lab.untilTold(
    (told) =>
      lab.told.indexOf(told) >= since &&
      told.happening.type === 'upstream' &&
      told.happening.upstream === upstream &&
      told.happening.state === state,
  );
};

test('drained, reloaded, crashed, recovered and busy under load: no request is lost', async (t) => {
  const power: { turnOn: () => Promise<void> } = { turnOn: () => Promise.reject(new Error('there is no machine yet')) };
  const powerSwitch = await startPowerSwitch(t, () => power.turnOn());
  const lab = await startHouseOnLoopback(
    t,
    { win: { does: talking('win') }, six: { does: talking('six') }, spark: { does: talking('spark') } },
    policy(powerSwitch, firstChat),
  );
  const { win, six } = lab.machines;
  power.turnOn = () => six.server.listen();
  const keys = new Map<string, string>();
  for (const profile of ['careful', 'patient', 'strict']) keys.set(profile, await lab.newKey(profile));
  const operate = async (path: string): Promise<number> => (await lab.operator('POST', `/admin/${path}`)).status;
  const reload = async (chat: string): Promise<number> => {
    lab.writePolicy(policy(powerSwitch, chat));
    return operate('reload-config');
  };

  const load = new Load(lab.origin(), keys);
  await load.more(30);
  for (const name of names) {
    assert.equal(await operate(`drain/${name}`), 200);
    await load.more(10);
    assert.equal(await operate(`undrain/${name}`), 200);
  }
  for (const chat of [otherChat, wrongChat, firstChat, wrongChat, otherChat, firstChat]) {
    assert.equal(await reload(chat), chat === wrongChat ? 400 : 200);
    await load.more(15);
  }

  win.answer(busyScript(1));
  await load.more(30);
  win.answer(talking('win'));

  // The crash: nobody listens any more, and whatever was being answered to callers who can be rescued is cut in the middle.
  const out = becomes(lab, 'six', 'ejected');
  await six.server.refuse();
  six.server.resetAll();
  await out;
  await load.more(30);
  assert.equal(await reload(otherChat), 200);
  const back = becomes(lab, 'six', 'up');
  assert.equal(await operate('recover/six'), 200);
  await back;
  const before = six.chats().length;
  await load.more(60);
  assert.ok(six.chats().length > before, 'the machine that came back works again');
  await load.end();

  const lost = load.answers.filter(
    (answer) => answer.asking.profile !== 'strict' && !names.some((name) => wholeText(answer) === says(name)),
  );
  assert.deepEqual(
    lost.map(({ asking, status, text, proper }) => ({ ...asking, status, text, proper })),
    [],
  );
  for (const answer of load.answers.filter(({ asking }) => asking.profile === 'strict')) {
    if (answer.status === 200) assert.equal(wholeText(answer), says('six'));
    else assert.ok(answer.proper && typeof JSON.parse(answer.text).error.code === 'string', answer.text);
  }
  const refusals = load.answers.filter(({ status }) => status !== 200).map(({ status }) => status);
  assert.ok(refusals.length > 0 && refusals.every((status) => [429, 502, 503].includes(status)), refusals.join(' '));

  const ids = load.answers.map(({ headers }) => String(headers['x-request-id'])).toSorted();
  assert.ok(ids.length >= requestsWanted);
  assert.equal(new Set(ids).size, ids.length);
  const idsOf = (type: string): readonly string[] =>
    lab
      .decisions()
      .flatMap((line) => (line.type === type && 'id' in line ? [line.id] : []))
      .toSorted();
  assert.deepEqual(idsOf('start'), ids, 'each was decided once');
  assert.deepEqual(idsOf('terminal'), ids, 'each has its one end');
  const status: { readonly json: { readonly slotsInUse: number; readonly waiting: number } } = await lab.operator('GET', '/admin/status');
  assert.deepEqual([status.json.slotsInUse, status.json.waiting, lab.house().active().length], [0, 0, 0]);
});
