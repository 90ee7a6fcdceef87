/** What a policy may leave to the kind of an upstream, and what a kind cannot do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';

const load = (yaml: string): ReturnType<typeof loadPolicy> =>
  loadPolicy(yaml, { file: 'gatehouse.yaml', folder: '/nowhere', env: { ANTHROPIC_API_KEY: 'sk-test' } });
const problemsOf = (yaml: string): readonly string[] => {
  const loaded = load(yaml);
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
};
const house = (upstream: string): string => `version: 1\nhouse: home\nupstreams:\n  one: ${upstream}\nroutes:\n  chat: { target: one }\n`;

test('a house of four servers and a cloud loads', () => {
  const yaml = readFileSync(new URL('../fixtures/policy/good/homelab.yaml', import.meta.url), 'utf8');
  const loaded = load(yaml);
  assert.deepEqual(problemsOf(yaml), []);
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.notes.map(formatProblem), []);
  const { upstreams } = loaded.policy;
  const claude = upstreams.find(({ name }) => name === 'claude');
  assert.equal(claude?.url, 'https://api.anthropic.com');
  assert.equal(claude.location, 'cloud');
  const voice = upstreams.flatMap(({ models }) => models).find(({ name }) => name === 'llama3.2:3b-voice');
  assert.deepEqual([voice?.pinned, voice?.slots, voice?.location], [true, 1, 'house']);
});

test('a kind that has its usual place needs no url; a cloud’s location is said all the same', () => {
  const loaded = load(house('{ kind: ollama, slots: 1, models: { m: { context: 8k } } }'));
  assert.equal(loaded.ok ? loaded.policy.upstreams[0]?.url : null, 'http://127.0.0.1:11434');
  assert.match(problemsOf(house('{ kind: vllm, slots: 1, models: { m: { context: 8k } } }')).join(), /"url" is missing/);
  assert.match(problemsOf(house('{ kind: anthropic, models: { m: { context: 8k } } }')).join(), /location.* must be said/);
});

test('what a kind cannot be sent is no ability of its models', () => {
  const [problem] = problemsOf(house('{ kind: ollama, slots: 1, models: { m: { context: 8k, input: [text, image, audio] } } }'));
  assert.match(problem ?? '', /:4:\d+ upstreams\.one\.models\.m\.input: the kind ollama cannot be sent audio/);
});

test('a model whose name says cloud is one, on a machine of the house', () => {
  const loaded = load(
    `${house('{ kind: ollama, slots: 1, models: { "m:cloud": { context: 8k } } }')}profiles:\n  open: { tier: cloud-explicit }\n`,
  );
  assert.equal(loaded.ok ? loaded.policy.upstreams[0]?.models[0]?.location : null, 'cloud');
});
