/** Every house of examples/ loads, is proved, and keeps its promises. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { place, runHere } from '#test/cli/cli-stage.ts';
import { exampleKeys, policyPathOf, readExample, startExample } from './example-house.ts';
import type { Example } from './example-house.ts';

const examples: readonly Example[] = ['thor', 'four-machines', 'mac-and-linux', 'one-gpu', 'spark-lab'];
for (const example of examples) {
  test(`${example}: check proves it, every guarantee holds, and its page names what is not yet in force`, async (t) => {
    const at = place(t);
    const { code, out } = await runHere(['check', policyPathOf(example)], { ...at, env: { ...at.env, ...exampleKeys } });
    assert.equal(code, 0, out);
    assert.doesNotMatch(out, /violated|not proved|proved in part/);
    const { guarantees = [] } = readExample(example);
    assert.ok(guarantees.length >= 4);
    for (const { name } of guarantees) assert.ok(out.includes(`  holds     ${name}\n`), `${name}\n${out}`);
    const page = readFileSync(join(dirname(policyPathOf(example)), 'README.md'), 'utf8');
    for (const heading of ['## Try it', '## What works today', '## What does not yet']) assert.ok(page.includes(heading), heading);
  });
}

test('four-machines: words, images and pins find their machine; a vector too', async (t) => {
  const { ask, embed } = await startExample(t, 'four-machines');
  const profile = 'household';
  assert.equal(await ask({ profile, text: 'refactor this with pytest' }), 'coder/glm-air');
  assert.equal(await ask({ profile, text: 'refactor this', image: true }), 'seer/qwen2.5-vl-7b', 'an image wins');
  assert.equal(await ask({ profile, text: 'review the security of this code' }), 'senior/qwen3-35b');
  assert.equal(await ask({ profile, text: 'mumble' }), 'senior/qwen3-35b', 'what nobody knows goes to the senior');
  assert.equal(await ask({ profile, text: 'what is a fjord', stream: true }), 'talker/gemma-31b');
  assert.equal(await ask({ profile, model: 'homelab/code' }), 'coder/glm-air');
  assert.equal(await ask({ profile, text: `what is this ${'word '.repeat(30_000)}` }), 'senior/qwen3-35b', 'a large chat is promoted');
  assert.equal(await embed({ profile }), 'embedder/nomic-embed-text');
});

test('four-machines: busy spills, an image past the one that cannot see; down fails over', async (t) => {
  const busy = await startExample(t, 'four-machines', { seer: { state: 'busy' }, coder: { state: 'down' } });
  const profile = 'household';
  assert.equal(await busy.ask({ profile, model: 'vision' }), 'talker/gemma-31b');
  assert.equal(await busy.ask({ profile, model: 'vision', image: true }), 'senior/qwen3-35b');
  assert.equal(await busy.ask({ profile, model: 'code' }), 'senior/qwen3-35b', 'an outage fails over, it does not spill');
  assert.equal(busy.asked('talker'), 1);
});

test('four-machines: the senior never falls back, and a camera never hears "ignore"', async (t) => {
  const { ask, asked } = await startExample(t, 'four-machines', { senior: { state: 'down' }, seer: { state: 'down' } });
  assert.match(await ask({ profile: 'household', model: 'reasoning' }), /^503 /);
  assert.equal(await ask({ profile: 'cameras', image: true }), 'synthetic: {"verdict":"escalate","synthetic":true}');
  assert.deepEqual([asked('talker'), asked('coder')], [0, 0]);
  assert.match(await ask({ profile: 'cameras', model: 'code' }), /^403 /);
});

test('thor: roles find their models, the voice stays warm, a vector comes back', async (t) => {
  const { ask, embed, heard } = await startExample(t, 'thor');
  const profile = 'agents';
  assert.equal(await ask({ profile, model: 'thor/coder', tools: true, stream: true }), 'box/qwen3-coder:30b');
  assert.equal(await ask({ profile, text: 'classify this line' }), 'box/qwen3:9b');
  assert.equal(await ask({ profile, image: true }), 'box/qwen2.5vl:7b');
  assert.equal(await ask({ profile: 'voice' }), 'box/llama3.2:3b');
  assert.match(JSON.stringify(heard('box').at(-1)?.json), /"keep_alive":-1[,}]/, 'the server is told to keep the voice');
  assert.equal(await embed({ profile }), 'box/nomic-embed-text');
  assert.match(await ask({ profile: 'voice', model: 'coder' }), /^403 /);
});

test('thor: a model that is gone falls back to another role, the voice does not', async (t) => {
  const { ask } = await startExample(t, 'thor', { box: { serves: ['qwen3:35b', 'qwen3:9b', 'nomic-embed-text'] } });
  assert.equal(await ask({ profile: 'agents', model: 'coder' }), 'box/qwen3:35b');
  assert.match(await ask({ profile: 'voice' }), /^503 /);
});

test('mac-and-linux: the Mac, then Linux, then the cloud; a private request never gets that far', async (t) => {
  const whole = await startExample(t, 'mac-and-linux');
  assert.equal(await whole.ask({ profile: 'team' }), 'mac/qwen2.5-14b');
  assert.equal(await whole.ask({ profile: 'team', text: 'a schema for sql' }), 'linux/qwen2.5-coder:14b');
  assert.equal(await whole.embed({ profile: 'private' }), 'linux/nomic-embed-text');
  const half = await startExample(t, 'mac-and-linux', { mac: { state: 'down' } });
  assert.equal(await half.ask({ profile: 'team' }), 'linux/qwen2.5:14b');
  assert.equal(await half.ask({ profile: 'team', model: 'frontend', stream: true }), 'claude/claude-haiku');
  assert.equal(await half.ask({ profile: 'private', model: 'lead' }), 'linux/qwen2.5:14b');
  const none = await startExample(t, 'mac-and-linux', { mac: { state: 'down' }, linux: { state: 'down' } });
  assert.equal(await none.ask({ profile: 'team', tools: true }), 'claude/claude-sonnet');
  assert.equal(await none.ask({ profile: 'team', model: 'research' }), 'research-cloud/long-reader');
  assert.equal(await none.ask({ profile: 'on-call' }), 'claude/claude-haiku');
  assert.match(await none.ask({ profile: 'private', model: 'claude/claude-haiku' }), /^403 /);
});

test('one-gpu: three profiles, three promises, with the GPU in its agent mode', async (t) => {
  const house = await startExample(t, 'one-gpu', { gpu: { serves: ['omni-agent'] } });
  assert.equal(await house.ask({ profile: 'personal' }), 'gpu/omni-agent');
  assert.equal(await house.ask({ profile: 'private', image: true }), 'gpu/omni-agent');
  assert.match(await house.ask({ profile: 'client', model: 'forensic' }), /^503 /, 'another mode: an error, no other model');
  assert.equal(await house.ask({ profile: 'builder', model: 'heavy' }), 'first-cloud/large');
  assert.equal(await house.ask({ profile: 'personal', model: 'heavy' }), '403 egress_forbidden');
});

test('one-gpu: the CPU is the floor, a cloud comes behind it, and never for a private caller', async (t) => {
  const forensic = await startExample(t, 'one-gpu', { gpu: { serves: ['omni-forensic'] } });
  assert.equal(await forensic.ask({ profile: 'client' }), 'gpu/omni-forensic');
  const pictures = await startExample(t, 'one-gpu', { gpu: { state: 'down' } });
  assert.equal(await pictures.ask({ profile: 'personal' }), 'cpu/omni-q4');
  assert.equal(await pictures.ask({ profile: 'private', stream: true }), 'cpu/omni-q4');
  assert.match(await pictures.ask({ profile: 'client' }), /^503 /);
  const dark = await startExample(t, 'one-gpu', { gpu: { state: 'busy' }, cpu: { state: 'busy' } });
  assert.equal(await dark.ask({ profile: 'personal' }), 'first-cloud/large');
  const queued = dark.ask({ profile: 'private' });
  dark.set('gpu', 'up');
  assert.equal(await queued, 'gpu/omni-agent', 'a private caller waits in line');
  assert.equal(dark.asked('first-cloud') + dark.asked('fast-cloud'), 1);
});

test('spark-lab: an answer with nothing in it is none; the experiment is reached by a pin and nothing else', async (t) => {
  const house = await startExample(t, 'spark-lab', { 'spark-one': { state: 'empty' }, 'spark-two': { state: 'empty' } });
  assert.equal(await house.ask({ profile: 'agents', stream: true }), 'spark-two-gemma/gemma-3-27b');
  assert.equal(await house.ask({ profile: 'agents', image: true }), 'spark-two-gemma/gemma-3-27b');
  assert.equal(house.asked('laptop'), 0);
  assert.equal(await house.ask({ profile: 'researcher', model: 'laptop/qwen3:14b' }), 'laptop/qwen3:14b');
  assert.match(await house.ask({ profile: 'agents', model: 'laptop/qwen3:14b' }), /^403 /);
});

test('spark-lab: one node down, the other answers; both down, a person is called', async (t) => {
  const one = await startExample(t, 'spark-lab', { 'spark-one': { state: 'down' }, 'spark-two-gemma': { state: 'busy' } });
  assert.equal(await one.ask({ profile: 'agents' }), 'spark-two/gpt-oss-20b');
  assert.equal(await one.ask({ profile: 'recordings', text: 'summarize this transcript' }), 'spark-two/gpt-oss-20b');
  assert.equal(await one.embed({ profile: 'recordings' }), 'apps/nomic-embed-text');
  const none = await startExample(t, 'spark-lab', { 'spark-one': { state: 'down' }, 'spark-two': { state: 'down' } });
  assert.match(await none.ask({ profile: 'host-agents' }), /^synthetic: .*"escalate"/);
});
