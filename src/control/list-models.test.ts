import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { houseOf } from '#core/policy/policy-fixture.ts';
import type { Principal } from '#core/record/record.ts';
import { findModel, listModels } from './list-models.ts';
import type { ModelEntry } from './list-models.ts';

const tables = houseOf({
  upstreams: {
    spark: { models: { qwen: { context: 128_000, input: ['image'], tools: true, reasoning: true } } },
    small: { models: { seer: { context: 8_000, input: ['image'] }, embedder: { serves: 'embeddings', context: 8_000 } } },
    twin: { models: { seer: { context: 16_000 } } },
    free: { models: { odd: { context: null } } },
    claude: { location: 'cloud', models: { haiku: { context: 200_000, tools: true } } },
  },
  routes: {
    vision: { target: ['small/seer'], failover: ['spark/qwen'] },
    reasoning: { target: ['spark/qwen'], failover: ['claude/haiku'] },
    embed: { target: ['small/embedder'] },
    away: { target: ['claude/haiku'] },
    mixed: { target: ['twin/seer'], failover: ['small/embedder'] },
  },
  secondNames: [{ name: 'fast', route: 'vision' }],
  buckets: [
    { name: 'seeing', route: 'vision', image: true },
    { name: 'rest', route: 'vision', above: [{ tokens: 6_000, route: 'reasoning' }] },
  ],
  profiles: [
    { name: 'home' },
    { name: 'cameras', routes: ['vision'], fallback: 'never' },
    { name: 'wide', tier: 'cloud-explicit' },
    { name: 'local', tier: 'local-first' },
  ],
});

const who = (profile: string): Principal => ({ id: 'k', profile, operator: false });

function listed(profile: string): ReadonlyMap<string, ModelEntry> {
  const entries = listModels(who(profile), tables);
  assert.ok(!isGatewayError(entries));
  return new Map(entries.map((entry) => [entry.id, entry]));
}

test('a sovereign key sees every name that stays in the house', () => {
  assert.deepEqual(
    [...listed('home').keys()],
    [
      'home/auto',
      'home/vision',
      'home/reasoning',
      'home/embed',
      'home/mixed',
      'home/fast',
      'spark/qwen',
      'small/seer',
      'small/embedder',
      'twin/seer',
      'free/odd',
      'qwen',
      'seer',
      'embedder',
      'odd',
    ],
  );
});

test('a key sees what its profile may use, and no more', () => {
  assert.deepEqual([...listed('cameras').keys()], ['home/auto', 'home/vision', 'home/fast', 'small/seer', 'seer']);
  const wide = [...listed('wide').keys()];
  for (const name of ['home/away', 'claude/haiku', 'haiku']) assert.ok(wide.includes(name), name);
  for (const name of ['home/away', 'claude/haiku', 'haiku']) assert.ok(!listed('local').has(name), name);
});

test('windows: the largest that somebody offers, and the smallest', () => {
  const vision = listed('home').get('home/vision');
  assert.deepEqual([vision?.max_model_len, vision?.context_length, vision?.context_everywhere], [128_000, 128_000, 8_000]);
  assert.deepEqual(vision?.meta, { n_ctx: 128_000, n_ctx_train: 128_000 });
  const never = listed('cameras').get('home/vision');
  assert.deepEqual([never?.max_model_len, never?.context_everywhere], [8_000, 8_000]);
  assert.equal(listed('home').get('home/mixed')?.context_everywhere, 16_000, 'who does not serve it does not count');
  assert.equal(listed('home').get('home/reasoning')?.max_model_len, 128_000);
  assert.equal(listed('wide').get('home/reasoning')?.max_model_len, 200_000);
  assert.deepEqual([listed('home').get('seer')?.max_model_len, listed('home').get('seer')?.context_everywhere], [16_000, 8_000]);
  assert.ok(!('max_model_len' in (listed('home').get('free/odd') ?? {})));
});

test('auto offers what all its buckets and promotions offer', () => {
  assert.equal(listed('wide').get('home/auto')?.max_model_len, 200_000);
  assert.equal(listed('home').get('home/auto')?.max_model_len, 128_000);
  assert.equal(listed('cameras').get('home/auto')?.max_model_len, 8_000);
});

test('an entry is what clients look for', () => {
  assert.deepEqual(listed('home').get('spark/qwen'), {
    id: 'spark/qwen',
    object: 'model',
    created: 0,
    owned_by: 'house',
    max_model_len: 128_000,
    context_length: 128_000,
    context_everywhere: 128_000,
    meta: { n_ctx: 128_000, n_ctx_train: 128_000 },
    architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
    capabilities: { tools: 'declared', vision: true, reasoning: true },
    tier: 'sovereign',
  });
  assert.equal(listed('wide').get('claude/haiku')?.owned_by, 'cloud');
  assert.deepEqual(listed('home').get('embedder')?.architecture.output_modalities, ['embeddings']);
});

test('one model is found under every name it may be asked by, or refused as a request would be', () => {
  for (const name of ['home/vision', 'vision', 'fast', 'small/seer:latest', 'seer', 'auto']) {
    const entry = findModel(name, who('home'), tables);
    assert.equal(isGatewayError(entry) ? entry.message : entry.id, name);
  }
  const codeOf = (name: string, profile: string): string => {
    const entry = findModel(name, who(profile), tables);
    return isGatewayError(entry) ? entry.code : 'found';
  };
  assert.equal(codeOf('nothing', 'home'), 'model_not_found');
  assert.equal(codeOf('claude/haiku', 'home'), 'egress_forbidden');
  assert.equal(codeOf('spark/qwen', 'cameras'), 'scope_denied');
  assert.equal(codeOf('home/auto', 'gone'), 'scope_denied');
});
