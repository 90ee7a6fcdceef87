import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { houseOf, readingOf } from '#core/policy/policy-fixture.ts';
import type { Explanation } from '#core/routing/explain.ts';
import { describedRequest, explainRequest } from './explain-request.ts';
import type { Question } from './explain-request.ts';
import type { FleetReader } from './supposed-fleet.ts';

const tables = houseOf({
  upstreams: {
    big: { slots: 4, models: { coder: { context: 128_000, tools: true } } },
    beside: { slotsOf: 'big', models: { helper: {} } },
    spare: { slots: 3, models: { gemma: {}, 'voice:3b': { slots: 1 } } },
    eyes: { models: { seer: { input: ['image'] } } },
    claude: { location: 'cloud', models: { haiku: { context: 200_000 } } },
  },
  routes: {
    code: { target: ['big/coder'], spill: ['spare/gemma'], failover: ['eyes/seer'] },
    vision: { target: ['eyes/seer'] },
    chat: { target: ['spare/gemma'] },
    voice: { target: ['spare/voice:3b'] },
    help: { target: ['beside/helper'] },
    away: { target: ['claude/haiku'] },
  },
  secondNames: [{ name: 'fast', route: 'code' }],
  buckets: [
    { name: 'seeing', route: 'vision', image: true },
    { name: 'coding', route: 'code', words: ['refactor', 'pytest'] },
    { name: 'rest', route: 'chat', above: [{ tokens: 8_000, route: 'code' }] },
  ],
  profiles: [{ name: 'personal' }, { name: 'client', fallback: 'never' }, { name: 'wide', tier: 'cloud-explicit' }],
});

type Said = Partial<Question> & {
  readonly text?: string;
  readonly image?: boolean;
  readonly tools?: boolean;
  readonly tokens?: number;
  readonly live?: FleetReader;
};

function ask({ text = 'hello', image = false, tools = false, tokens, live, ...said }: Said): Explanation {
  const asked = describedRequest({ text, image, tools, tokens: tokens ?? null });
  const question: Question = { asked, profile: null, route: null, tier: null, busy: [], down: [], drain: [], ...said };
  const explanation = explainRequest(question, {
    tables,
    surface: { service: 'chat' },
    digest: (input) => `hash of ${input}`,
    live: live ?? null,
  });
  assert.ok(!isGatewayError(explanation), JSON.stringify(explanation));
  return explanation;
}

function refusalOf(said: Partial<Question>): string {
  const asked = describedRequest({ text: 'x', image: false, tools: false, tokens: null });
  const question: Question = { asked, profile: null, route: null, tier: null, busy: [], down: [], drain: [], ...said };
  const explanation = explainRequest(question, { tables, surface: { service: 'chat' }, digest: (input) => input, live: null });
  return isGatewayError(explanation) ? `${explanation.code}: ${explanation.message}` : 'none';
}

test('words, images, tools and sizes decide as they do for requests', () => {
  assert.deepEqual([ask({}).bucket, ask({}).chosen], ['rest', 'spare/gemma']);
  const coding = ask({ text: 'please refactor this pytest' });
  assert.deepEqual(
    [coding.bucket, coding.chosen, coding.scores],
    ['coding', 'big/coder', [{ bucket: 'coding', words: ['refactor', 'pytest'] }]],
  );
  assert.equal(ask({ text: 'refactor', image: true }).chosen, 'eyes/seer');
  assert.equal(ask({ image: true }).facts.promptTokens > 1_000, true);
  const long = ask({ tokens: 9_000 });
  assert.deepEqual([long.promotedTo, long.chosen], ['code', 'big/coder']);
  assert.equal(ask({ text: 'refactor', tools: true, busy: ['big'] }).refusal?.code, 'saturated');
});

test('busy spills, down fails over, and both are said', () => {
  assert.equal(ask({ text: 'refactor', busy: ['big'] }).chosen, 'spare/gemma');
  const down = ask({ text: 'refactor', down: ['big'] });
  assert.equal(down.chosen, 'eyes/seer');
  assert.deepEqual(
    down.plan.find((entry) => entry.target === 'big/coder'),
    { target: 'big/coder', place: 'target', state: 'cannot', why: 'big is down (supposed)' },
  );
  assert.equal(ask({ text: 'refactor', down: ['big/coder'] }).chosen, 'eyes/seer');
  assert.equal(ask({ text: 'refactor', busy: ['big'], down: ['big'] }).chosen, 'eyes/seer', 'cannot is looked at first');
});

test('a busy upstream fills its shared slots, not those a model has for itself', () => {
  assert.equal(ask({ route: 'voice', busy: ['spare'] }).chosen, 'spare/voice:3b');
  assert.equal(ask({ route: 'voice', busy: ['spare/voice:3b'] }).chosen, null);
  assert.equal(ask({ route: 'chat', busy: ['spare/voice:3b'] }).chosen, 'spare/gemma');
  assert.equal(ask({ route: 'help', busy: ['big'] }).chosen, null, 'two upstreams with one pool');
  const away = ask({ route: 'away', profile: 'wide', busy: ['claude'] });
  assert.deepEqual([away.chosen, away.refusal?.code], [null, 'saturated']);
});

test('a drained route passes those who named it, a drained upstream does not', () => {
  assert.equal(ask({ text: 'refactor', drain: ['code'] }).chosen, 'eyes/seer');
  assert.equal(ask({ text: 'refactor', drain: ['home/fast'] }).chosen, 'eyes/seer');
  assert.equal(ask({ route: 'code', drain: ['code'] }).chosen, 'big/coder');
  assert.equal(ask({ route: 'code', drain: ['big'] }).chosen, 'eyes/seer');
});

test('the profile and the tier are those of whoever asks', () => {
  assert.equal(ask({ text: 'refactor', profile: 'client', busy: ['big'] }).refusal?.code, 'saturated');
  assert.equal(ask({ route: 'away', profile: 'wide' }).chosen, 'claude/haiku');
  assert.equal(ask({ route: 'away', profile: 'wide', tier: 'sovereign' }).refusal?.code, 'egress_forbidden');
});

test('a live fleet is read as it is, and what is supposed comes on top', () => {
  const live: FleetReader = { read: (target) => readingOf(target, target === 'eyes/seer' ? 'ejected' : 'up', { inFlight: 2 }) };
  assert.equal(ask({ text: 'refactor', live }).chosen, 'big/coder');
  assert.equal(ask({ text: 'refactor', live, busy: ['big', 'spare'] }).chosen, null);
  assert.equal(ask({ text: 'refactor', live, down: ['big'] }).refusal?.code, 'no_route');
});

test('names that nobody has are refused with the nearest ones', () => {
  assert.match(refusalOf({ busy: ['bgi'] }), /^invalid_request: There is no upstream or model "bgi"\. The nearest names are "big"/);
  assert.match(refusalOf({ down: ['big/code'] }), /"big\/coder"/);
  assert.match(refusalOf({ drain: ['cod'] }), /"code"/);
  assert.match(refusalOf({ profile: 'clinet' }), /"client"/);
  assert.match(refusalOf({ tier: 'cloud-explicit' }), /^scope_denied/);
});
