import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, houseOf } from '#core/policy/policy-fixture.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide, isClassified } from './decide.ts';
import { withScores } from './score-request.ts';

const house = houseOf({
  upstreams: {
    eyes: { models: { see: { input: ['image'] } } },
    hands: { models: { 'code:latest': { context: 128_000, tools: true }, twin: {} } },
    senior: {
      models: {
        think: { context: 128_000, input: ['image', 'audio'], tools: true },
        twin: {},
        vectors: { serves: 'embeddings', context: 8_000 },
      },
    },
    away: { location: 'cloud', models: { big: { context: 200_000, tools: true }, twin: { context: 200_000 } } },
  },
  routes: {
    vision: { target: ['eyes/see'], failover: ['senior/think'] },
    code: { target: ['hands/code'], spill: ['eyes/see'], failover: ['senior/think', 'away/big'] },
    reasoning: { target: ['senior/think'] },
    far: { target: ['away/big'] },
    embed: { target: ['senior/vectors'] },
    'gpt-4o': { target: ['hands/code'] },
  },
  secondNames: [{ name: 'review', route: 'reasoning' }],
  buckets: [
    { name: 'seeing', route: 'vision', words: ['screenshot'], image: true },
    { name: 'second image', route: 'reasoning', image: true, words: ['photo'] },
    { name: 'coding', route: 'code', words: ['code', 'refactor'] },
    { name: 'reasoning', route: 'reasoning', words: ['review', 'plan'] },
    { name: 'far', route: 'far', words: ['abroad'] },
    {
      name: 'quick',
      route: 'vision',
      words: ['tag'],
      above: [
        { tokens: 8_000, route: 'code' },
        { tokens: 24_000, route: 'reasoning' },
      ],
    },
    {
      name: 'pushy',
      route: 'code',
      words: ['push'],
      above: [
        { tokens: 8_000, route: 'code' },
        { tokens: 24_000, route: 'far' },
      ],
    },
    { name: 'rest', route: 'reasoning', above: [{ tokens: 30_000, route: 'code' }] },
  ],
  profiles: [
    { name: 'default' },
    { name: 'open', tier: 'cloud-explicit' },
    { name: 'coder', routes: ['code'] },
    { name: 'viewer', routes: ['vision', 'code'] },
    { name: 'strict', fallback: 'never' },
  ],
});

interface Expected {
  readonly reason: string | null;
  readonly bucket?: string | null;
  readonly route: string | null;
  readonly promotedTo?: string | null;
}

function decided(parts: Partial<Facts>, text = ''): ReturnType<typeof decide> {
  return decide(withScores(factsOf(parts), [text], house), house);
}

const bigTokens = 20_000;
const hugeTokens = 40_000;

const choices: readonly [name: string, facts: Partial<Facts>, text: string, expected: Expected][] = [
  ['words choose the bucket', {}, 'refactor the code', { reason: 'words', bucket: 'coding', route: 'code' }],
  ['more words win', {}, 'plan a review of the code', { reason: 'words', bucket: 'reasoning', route: 'reasoning' }],
  ['the bucket written first wins a tie', {}, 'review the code', { reason: 'words', bucket: 'coding', route: 'code' }],
  ['no words: the bucket without words', {}, 'good morning', { reason: 'rest', bucket: 'rest', route: 'reasoning' }],
  ['an image wins over words', { input: ['image'] }, 'review the plan', { reason: 'image', bucket: 'seeing', route: 'vision' }],
  [
    'the first image bucket that takes part',
    { input: ['image'], profile: 'coder' },
    'code',
    { reason: 'words', bucket: 'coding', route: 'code' },
  ],
  ['audio is no image', { input: ['audio'] }, 'good morning', { reason: 'rest', bucket: 'rest', route: 'reasoning' }],
  [
    'a bucket whose route the profile may not use takes no part',
    { profile: 'coder' },
    'plan, review, code',
    { reason: 'words', bucket: 'coding', route: 'code' },
  ],
  ['a bucket whose route the tier empties takes no part', {}, 'abroad', { reason: 'rest', bucket: 'rest', route: 'reasoning' }],
  [
    'it takes part where the tier allows',
    { profile: 'open', tier: 'cloud-explicit' },
    'abroad',
    { reason: 'words', bucket: 'far', route: 'far' },
  ],
  [
    'where the rest may not, the profile’s first route stands for it',
    { profile: 'viewer' },
    'hm',
    { reason: 'rest', bucket: 'rest', route: 'vision' },
  ],

  ['a size just reached does not promote', { promptTokens: 8_000 }, 'tag', { reason: 'words', bucket: 'quick', route: 'vision' }],
  ['a size exceeded promotes', { promptTokens: 8_001 }, 'tag', { reason: 'words', bucket: 'quick', route: 'code', promotedTo: 'code' }],
  [
    'the largest size exceeded counts',
    { promptTokens: hugeTokens },
    'tag',
    { reason: 'words', bucket: 'quick', route: 'reasoning', promotedTo: 'reasoning' },
  ],
  ['promotion to the same route is none', { promptTokens: bigTokens }, 'push', { reason: 'words', bucket: 'pushy', route: 'code' }],
  ['no promotion to what the tier empties', { promptTokens: hugeTokens }, 'push', { reason: 'words', bucket: 'pushy', route: 'code' }],
  [
    'no promotion to what the profile may not use',
    { promptTokens: hugeTokens, profile: 'viewer' },
    'tag',
    { reason: 'words', bucket: 'quick', route: 'vision' },
  ],
  [
    'promotion for the largest size that is usable only is not tried',
    { promptTokens: hugeTokens, profile: 'viewer' },
    'push',
    { reason: 'words', bucket: 'pushy', route: 'code' },
  ],
  ['the rest promotes too', { promptTokens: hugeTokens }, 'hm', { reason: 'rest', bucket: 'rest', route: 'code', promotedTo: 'code' }],

  ['a pinned route', { model: 'home/code' }, 'review', { reason: 'model', route: 'code' }],
  ['a pinned route without the house', { model: 'code' }, 'review', { reason: 'model', route: 'code' }],
  ['a second name is its route', { model: 'home/review' }, '', { reason: 'model', route: 'reasoning' }],
  ['auto without the house', { model: 'auto' }, 'code', { reason: 'words', bucket: 'coding', route: 'code' }],
  ['a pin is never promoted', { model: 'vision', promptTokens: 9_000 }, 'tag', { reason: 'model', route: 'vision' }],
  ['an image does not move a pin', { model: 'reasoning', input: ['image'] }, '', { reason: 'model', route: 'reasoning' }],
  ['a pinned target', { model: 'hands/code' }, '', { reason: 'model', route: null }],
  ['a route named like a model of elsewhere', { model: 'gpt-4o' }, '', { reason: 'model', route: 'gpt-4o' }],

  ['the header wins over the model', { routeHeader: 'code', model: 'home/reasoning' }, '', { reason: 'header', route: 'code' }],
  ['the header may say the house', { routeHeader: 'home/code' }, '', { reason: 'header', route: 'code' }],
  ['the header may say a second name', { routeHeader: 'review' }, '', { reason: 'header', route: 'reasoning' }],
  [
    'the header auto undoes a pin',
    { routeHeader: 'auto', model: 'home/vision' },
    'code',
    { reason: 'words', bucket: 'coding', route: 'code' },
  ],
  [
    'and what is behind it is not looked at',
    { routeHeader: 'auto', model: 'nothing', routeHint: 'vision' },
    'code',
    { reason: 'words', bucket: 'coding', route: 'code' },
  ],
  ['the model wins over the hint', { model: 'home/vision', routeHint: 'code' }, '', { reason: 'model', route: 'vision' }],
  ['the hint wins over image and words', { routeHint: 'code', input: [] }, 'review the plan', { reason: 'hint', route: 'code' }],
  ['a hint is never promoted', { routeHint: 'vision', promptTokens: 9_000 }, '', { reason: 'hint', route: 'vision' }],
  ['an unknown hint is ignored', { routeHint: 'nowhere' }, 'code', { reason: 'words', bucket: 'coding', route: 'code' }],
  [
    'a hint the profile may not use is ignored',
    { routeHint: 'reasoning', profile: 'coder' },
    'code',
    { reason: 'words', bucket: 'coding', route: 'code' },
  ],
  ['the hint auto names nothing', { routeHint: 'auto' }, 'code', { reason: 'words', bucket: 'coding', route: 'code' }],
  ['another surface is not classified', { service: 'embeddings' }, 'code', { reason: 'first_route', route: 'embed' }],
];

for (const [name, facts, text, expected] of choices) {
  test(name, () => {
    const decision = decided(facts, text);
    assert.equal(decision.refusal, null);
    const { reason, bucket, route, promotedTo } = decision;
    assert.deepEqual({ reason, bucket, route, promotedTo }, { bucket: null, promotedTo: null, ...expected });
  });
}

const refusals: readonly [name: string, facts: Partial<Facts>, code: string, message: RegExp][] = [
  [
    'an unknown model',
    { model: 'home/cod' },
    'model_not_found',
    /^There is no model "home\/cod" here\. The nearest names are "home\/code", /,
  ],
  [
    'an unknown route in the header',
    { routeHeader: 'revew' },
    'model_not_found',
    /names no route: "revew"\. The nearest names are "review", /,
  ],
  ['a target in the header', { routeHeader: 'hands/code' }, 'model_not_found', /names no route/],
  [
    'a route that is not the profile’s',
    { model: 'home/reasoning', profile: 'coder' },
    'scope_denied',
    /"coder" may not use home\/reasoning/,
  ],
  ['the same in the header', { routeHeader: 'reasoning', profile: 'coder' }, 'scope_denied', /"coder" may not use home\/reasoning/],
  ['a target that is not the profile’s', { model: 'senior/twin', profile: 'coder' }, 'scope_denied', /may not use senior\/twin by name/],
  [
    'a target that stands only in failover',
    { model: 'senior/think', profile: 'coder' },
    'scope_denied',
    /may not use senior\/think by name/,
  ],
  ['a target that stands only in spill', { model: 'eyes/see', profile: 'coder' }, 'scope_denied', /may not use eyes\/see by name/],
  [
    'a bare name none of whose servers is the profile’s',
    { model: 'twin', profile: 'coder' },
    'scope_denied',
    /may not use hands\/twin by name/,
  ],
  ['a profile that is gone', { profile: 'gone' }, 'scope_denied', /"gone" is not in the policy any more/],
  [
    'a pinned cloud route, sovereign',
    { model: 'far' },
    'egress_forbidden',
    /^home\/far has only machines outside the house, and a sovereign request may not go there\.$/,
  ],
  ['a pinned cloud target, sovereign', { model: 'away/big' }, 'egress_forbidden', /^away\/big has only machines outside the house/],
  [
    'a cloud route, local-first: nobody in the house to come first',
    { model: 'far', tier: 'local-first' },
    'egress_forbidden',
    /no machine in the house to come first/,
  ],
  ['a cloud target, coordination', { model: 'away/big', tier: 'coordination' }, 'egress_forbidden', /a coordination request/],
  ['the tier is judged before fit', { model: 'far', input: ['video'] }, 'egress_forbidden', /outside the house/],
  [
    'no input of that kind',
    { model: 'code', input: ['video'] },
    'invalid_request',
    /^No machine of home\/code fits: hands\/code cannot take video\.$/,
  ],
  [
    'what the first candidate lacks is named first',
    { model: 'vision', input: ['video'], tools: true },
    'invalid_request',
    /eyes\/see cannot take video/,
  ],
  ['tools', { model: 'vision', tools: true, profile: 'strict' }, 'invalid_request', /eyes\/see cannot use tools/],
  ['a target of another surface', { model: 'senior/vectors' }, 'invalid_request', /senior\/vectors/],
  [
    'too long for everybody',
    { model: 'code', promptTokens: 130_000 },
    'context_length_exceeded',
    /about 130000 tokens long; the largest window of home\/code is 128000/,
  ],
  [
    'too long with the output asked for',
    { model: 'reasoning', promptTokens: 120_000, outputTokens: 9_000 },
    'context_length_exceeded',
    /120000 tokens long and 9000 tokens of output were asked for/,
  ],
  [
    'too long for one, another cannot for other reasons',
    { model: 'code', promptTokens: 130_000, tools: true, input: ['image'] },
    'context_length_exceeded',
    /largest window of home\/code is 128000/,
  ],
  [
    'too long for a profile without fallback',
    { model: 'vision', promptTokens: 40_000, profile: 'strict' },
    'context_length_exceeded',
    /largest window of home\/vision is 32000/,
  ],
  ['a surface that nothing serves', { service: 'speech' }, 'model_not_found', /No route this key may use serves this API/],
];

for (const [name, facts, code, message] of refusals) {
  test(`refused: ${name}`, () => {
    const { refusal, plan } = decided(facts);
    assert.equal(refusal?.code, code);
    assert.match(refusal?.message ?? '', message);
    assert.equal(plan, null);
  });
}

function plannedTargets(parts: Partial<Facts>): readonly string[] | undefined {
  return decided(parts).plan?.target.map((candidate) => candidate.target);
}

test('`:latest` is dropped from the client’s name and the policy’s', () => {
  for (const model of ['hands/code', 'hands/code:latest', 'code:latest']) assert.equal(decided({ model }).refusal, null, model);
  assert.deepEqual(plannedTargets({ model: 'hands/code:latest' }), ['hands/code']);
  assert.deepEqual(plannedTargets({ model: 'think:latest' }), ['senior/think']);
});

test('a bare model name is the group of all that serve it, as far as tier and profile go', () => {
  assert.deepEqual(plannedTargets({ model: 'twin' }), ['hands/twin', 'senior/twin']);
  assert.deepEqual(plannedTargets({ model: 'twin', tier: 'cloud-explicit' }), ['hands/twin', 'senior/twin', 'away/twin']);
  const localFirst = decided({ model: 'twin', tier: 'local-first' }).plan;
  assert.deepEqual(
    localFirst?.tail.map((candidate) => candidate.target),
    ['away/twin'],
  );
});

test('members of a bare name are fitted alone', () => {
  const plan = decided({ model: 'twin', tier: 'cloud-explicit', promptTokens: 50_000 }).plan;
  assert.deepEqual(
    plan?.target.map((candidate) => candidate.lacks),
    [['context'], ['context'], []],
  );
});

test('a pinned target is that target alone and names its upstream', () => {
  const plan = decided({ model: 'hands/code' }).plan;
  assert.deepEqual([plan?.spill, plan?.failover, plan?.tail], [[], [], []]);
  assert.deepEqual(plan?.named, { route: false, upstream: 'hands' });
});

test('only naming a route passes its drain: auto and bare names name nothing', () => {
  assert.deepEqual(decided({ model: 'code' }).plan?.named, { route: true, upstream: null });
  assert.deepEqual(decided({ routeHeader: 'code' }).plan?.named, { route: true, upstream: null });
  assert.deepEqual(decided({ routeHint: 'code' }).plan?.named, { route: true, upstream: null });
  assert.deepEqual(decided({}, 'code').plan?.named, { route: false, upstream: null });
  assert.deepEqual(decided({ model: 'twin' }).plan?.named, { route: false, upstream: null });
});

test('a hint that is not followed is noted, one that loses is not looked at', () => {
  assert.equal(decided({ routeHint: 'nowhere' }).notes.length, 1);
  assert.deepEqual(decided({ routeHint: 'nowhere', model: 'code' }).notes, []);
});

test('the message before is read where the newest speaks only of what the caller may not use', () => {
  const texts = ['review the plan', 'refactor this'];
  const coder = withScores(factsOf({ profile: 'coder' }), texts, house);
  assert.deepEqual(coder.scores, [{ bucket: 'coding', words: ['refactor'] }]);
  assert.equal(decide(coder, house).reason, 'words');
});

test('words are not looked at where they do not decide', () => {
  const unclassified: Partial<Facts>[] = [
    { model: 'code' },
    { routeHeader: 'code' },
    { routeHint: 'code' },
    { service: 'embeddings' },
    { model: 'no such' },
  ];
  for (const facts of unclassified) assert.equal(isClassified(factsOf(facts), house), false);
  for (const facts of [{}, { routeHeader: 'auto', model: 'code' }, { routeHint: 'nowhere' }])
    assert.equal(isClassified(factsOf(facts), house), true);
  assert.deepEqual(withScores(factsOf({ model: 'code' }), ['refactor'], house).scores, []);
});

test('without classify, auto is the profile’s first route, else the file’s', () => {
  const plain = houseOf({
    upstreams: { box: { models: { a: {}, b: {}, v: { serves: 'embeddings' } } } },
    routes: { one: { target: ['box/a'] }, two: { target: ['box/b'] }, embed: { target: ['box/v'] } },
    profiles: [{ name: 'default' }, { name: 'second', routes: ['two', 'embed'] }],
  });
  assert.equal(decide(factsOf(), plain).route, 'one');
  assert.equal(decide(factsOf({ profile: 'second' }), plain).route, 'two');
  assert.equal(decide(factsOf({ profile: 'second', service: 'embeddings' }), plain).route, 'embed');
});

test('where the rest’s route is emptied by the tier, the file’s first route stands for it', () => {
  const cloudRest = houseOf({
    upstreams: { box: { models: { a: {} } }, away: { location: 'cloud', models: { b: {} } } },
    routes: { near: { target: ['box/a'] }, far: { target: ['away/b'] } },
    buckets: [
      { name: 'words', route: 'near', words: ['near'] },
      { name: 'rest', route: 'far' },
    ],
  });
  assert.equal(decide(factsOf(), cloudRest).route, 'near');
  assert.equal(decide(factsOf({ tier: 'cloud-explicit' }), cloudRest).route, 'far');
});
