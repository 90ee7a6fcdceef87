/** `gatehouse explain`. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Explanation } from '#core/routing/explain.ts';
import { ROOT } from '#scripts/tree.ts';
import { place, runChild, runHere } from './cli-stage.ts';
import type { Place, Said } from './cli-stage.ts';

const read = ({ out }: Said): Explanation => {
  const explanation: Explanation = JSON.parse(out);
  return explanation;
};

async function explained(args: readonly string[], at: Place): Promise<Explanation> {
  const said = await runHere(['explain', ...args, '--json'], at);
  assert.equal(said.code, 0, said.err);
  return read(said);
}

test('as a process, for a person: facts, words, bucket, plan and end', (t) => {
  const { code, out, err } = runChild(['explain', 'Review the security of this code'], place(t));
  assert.equal(code, 0);
  assert.equal(err, 'no policy found: this is the demo house\n');
  assert.equal(
    out,
    `facts   profile personal · local-first · about 18 tokens + 1000 (unsaid) of output
words   coding 1: code
        reasoning 2: review, security
bucket  reasoning (its words score highest)
route   homelab/reasoning
plan
  target  spark/qwen3.6-35b-a3b-fp8  chosen  spark is up
goes to  spark/qwen3.6-35b-a3b-fp8
`,
  );
});

test('for machines: the documented fields, and no others', async (t) => {
  const explanation = await explained(['Refactor this'], place(t));
  const page = readFileSync(join(ROOT, 'docs/explain.md'), 'utf8');
  const fields = [...page.matchAll(/^\| `(\w+)` \| /gm)].map((match) => match[1]);
  for (const field of Object.keys(explanation)) assert.ok(fields.includes(field), `docs/explain.md does not say what ${field} is`);
  for (const field of Object.keys(explanation.facts)) assert.ok(page.includes(`\`${field}\``), `docs/explain.md does not name ${field}`);
  assert.deepEqual([explanation.bucket, explanation.route, explanation.chosen], ['coding', 'code', 'ubuntu-6000/glm-4.5-air-awq']);
  assert.deepEqual(
    explanation.plan.map(({ place: where, state }) => `${where} ${state}`),
    ['target chosen', 'spill not_asked', 'failover not_asked'],
  );
});

test('busy, down and drained machines, as lists and repeated', async (t) => {
  const at = place(t);
  const states = async (...args: string[]): Promise<readonly string[]> =>
    (await explained(['Refactor this', ...args], at)).plan.map(({ state }) => state);
  assert.deepEqual(await states('--busy', 'ubuntu-6000'), ['not_now', 'chosen', 'not_asked']);
  assert.deepEqual(await states('--busy', 'ubuntu-6000,win-5090'), ['not_now', 'not_now', 'chosen']);
  assert.deepEqual(await states('--busy', 'ubuntu-6000', '--busy', 'win-5090'), ['not_now', 'not_now', 'chosen']);
  assert.deepEqual(await states('--down', 'ubuntu-6000'), ['cannot', 'not_asked', 'chosen']);
  assert.deepEqual(await states('--drain', 'code'), ['cannot', 'not_asked', 'chosen']);
  const gone = await explained(['Plan it', '--down', 'spark'], at);
  assert.deepEqual([gone.chosen, gone.refusal?.status, gone.refusal?.code], [null, 503, 'no_route']);
});

test('images, tools, sizes, profiles, routes, models and tiers', async (t) => {
  const at = place(t);
  const image = await explained(['Refactor this', '--image'], at);
  assert.deepEqual([image.bucket, image.reason, image.facts.input], ['vision', 'image', ['image']]);
  const tools = await explained(['what is it', '--image', '--tools'], at);
  assert.deepEqual(
    tools.plan.map(({ state }) => state),
    ['unfit', 'unfit', 'chosen'],
  );
  const long = await explained(['Give me JSON', '--tokens', '9k'], at);
  assert.deepEqual([long.bucket, long.promotedTo, long.facts.promptTokens], ['fast', 'code', 9_000]);
  const named = await explained(['hello', '--route', 'fast', '--profile', 'client'], at);
  assert.deepEqual([named.reason, named.route, named.facts.profile], ['header', 'vision', 'client']);
  assert.deepEqual((await explained(['hello', '--model', 'win-5090/gemma-4-31b'], at)).chosen, 'win-5090/gemma-4-31b');
  assert.equal((await explained(['hello', '--tier', 'sovereign'], at)).facts.tier, 'sovereign');
});

test('a request as a client sends it, from a file or standard input', async (t) => {
  const at = place(t);
  const request = JSON.stringify({ model: 'homelab/auto', messages: [{ role: 'user', content: 'Refactor this' }], max_tokens: 7 });
  const file = join(at.cwd, 'request.json');
  writeFileSync(file, request);
  const whole = await explained(['--file', file], at);
  assert.deepEqual([whole.bucket, whole.facts.outputTokens, whole.facts.model], ['coding', 7, 'homelab/auto']);
  assert.equal((await explained(['--file', file, '--image'], at)).bucket, 'vision');
  assert.deepEqual(read(runChild(['explain', '--file', '-', '--json'], at, request)), whole);
});

test('what cannot be explained is said in one line, exit code 2', async (t) => {
  const at = place(t);
  const file = join(at.cwd, 'broken.json');
  writeFileSync(file, '{"model": ');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['hi', '--profile', 'persnal'], /profile "persnal".*"personal"/],
    [['hi', '--busy', 'sprak'], /"sprak".*"spark"/],
    [['hi', '--tokens', 'many'], /--tokens: "many" is no size/],
    [['hi', '--tier', 'cloud-explicit'], /403 scope_denied/],
    [['--file', file], /400 invalid_request: The body is not JSON/],
    [['--file', join(at.cwd, 'none.json')], /none\.json cannot be read: there is no such file/],
    [['hi', '--file', file], /explain what\?/],
  ];
  for (const [args, pattern] of cases) {
    const { code, out, err } = await runHere(['explain', ...args], at);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    assert.match(err, pattern);
  }
});

test('a policy here is explained instead of the demo house', async (t) => {
  const at = place(t);
  writeFileSync(
    join(at.cwd, 'gatehouse.yaml'),
    'version: 1\nhouse: own\nupstreams:\n  m: { kind: vllm, url: "http://127.0.0.1:9", slots: 1, models: { x: { context: 1k } } }\nroutes:\n  all: { target: m }\n',
  );
  const said = await runHere(['explain', 'hi', '--json'], at);
  assert.deepEqual([said.err, read(said).route, read(said).refusal?.code], ['', 'all', 'context_length_exceeded']);
});
