import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permitRefusal } from './permit.ts';
import type { EgressPermit } from './port.ts';

const ollama = {
  name: 'small',
  url: 'http://127.0.0.1:11434',
  location: 'house',
  models: [
    { name: 'llama', location: 'house' },
    { name: 'gemma:latest', location: 'house' },
    { name: 'org/big-cloud', location: 'cloud' },
  ],
} as const;
const claude = { name: 'claude', url: 'https://api.test', location: 'cloud', models: [{ name: 'haiku', location: 'house' }] } as const;
const permit = (fields: Partial<EgressPermit>): EgressPermit => ({
  upstream: 'small',
  target: 'small/llama',
  location: 'house',
  tier: 'sovereign',
  policyHash: 'p1',
  ...fields,
});
const yes = (): boolean => true;

test('a permit opens its target', () => {
  assert.equal(permitRefusal(permit({}), ollama, yes), null);
  // A target's name has no `:latest`, whatever its server writes.
  assert.equal(permitRefusal(permit({ target: 'small/gemma' }), ollama, yes), null);
  assert.equal(permitRefusal(permit({ target: 'small/org/big-cloud', location: 'cloud', tier: 'local-first' }), ollama, yes), null);
  assert.equal(
    permitRefusal(permit({ upstream: 'claude', target: 'claude/haiku', location: 'cloud', tier: 'cloud-explicit' }), claude, yes),
    null,
  );
  assert.equal(permitRefusal(permit({ target: null, tier: 'probe' }), ollama, yes), null);
});

test('a permit that differs from what is declared opens nothing', () => {
  const refused: readonly [Partial<EgressPermit>, RegExp][] = [
    [{ upstream: 'other' }, /a permit for other/],
    [{ target: 'other/llama' }, /not a target/],
    [{ target: 'small/unknown' }, /not a target/],
    [{ target: null }, /only a probe/],
    [{ location: 'cloud', tier: 'local-first' }, /planned for cloud, declared house/],
    [{ target: 'small/org/big-cloud', location: 'house' }, /planned for house, declared cloud/],
    [{ target: 'small/org/big-cloud', location: 'cloud' }, /sovereign request never leaves/],
    [{ target: 'small/org/big-cloud', location: 'cloud', tier: 'coordination' }, /coordination request never leaves/],
  ];
  for (const [fields, why] of refused) assert.match(permitRefusal(permit(fields), ollama, yes) ?? '', why);
});

test('a model of a cloud upstream is cloud, whatever it says', () => {
  assert.match(permitRefusal(permit({ upstream: 'claude', target: 'claude/haiku' }), claude, yes) ?? '', /declared cloud/);
});

test('a permit of a policy no longer in force opens nothing', () => {
  assert.match(permitRefusal(permit({}), ollama, ({ policyHash }) => policyHash !== 'p1') ?? '', /no longer in force/);
});

test('who collects traces is reached for the tiers that may speak to where it is', () => {
  const party = { name: ':traces', url: 'https://traces.test', location: 'cloud', models: [], party: true } as const;
  const told = (tier: EgressPermit['tier']): string | null =>
    permitRefusal(permit({ upstream: ':traces', target: null, location: 'cloud', tier }), party, yes);
  assert.equal(told('local-first'), null);
  assert.match(told('sovereign') ?? '', /sovereign request never leaves/);
  assert.match(told('coordination') ?? '', /coordination request never leaves/);
});
