/** `gatehouse check --picture`. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { place, runHere } from './cli-stage.ts';

const policy = `version: 1
house: lab
upstreams:
  eyes: { kind: vllm, url: http://127.0.0.1:8001, slots: 8, models: { seer: { context: 32k } } }
  hands: { kind: vllm, url: http://127.0.0.1:8002, slots: 4, models: { coder: { context: 128k } } }
  away: { kind: openai, location: cloud, url: https://models.example.com, models: { big: { context: 200k } } }
routes:
  code: { target: hands, spill: [eyes], failover: [away] }
profiles:
  everyone: { tier: local-first, wait: 5s }
  strict: { fallback: never, exhausted: { reply: { sorry: true } } }
`;

test('a picture has a way for each kind of caller, and what stands in a cloud is dashed for those who may go there', async (t) => {
  const at = place(t);
  writeFileSync(join(at.cwd, 'gatehouse.yaml'), policy);
  const { code, out, err } = await runHere(['check', '--picture'], at);
  assert.deepEqual([code, err], [0, '']);
  assert.equal(
    out,
    `flowchart LR
  subgraph r0["code"]
    r0_0c(["everyone"]) --> r0_0t["hands"]
    r0_0t -->|"busy"| r0_0s0["eyes"]
    r0_0s0 -->|"busy"| r0_0w(["everyone waits 5 s"])
    r0_0w -. "still busy" .-> r0_0f0["away"]:::cloud
    r0_0t -. "down, failed" .-> r0_0f0
    r0_0f0 --> r0_0e{{"an error"}}
    r0_1c(["strict"]) --> r0_1t["hands"]
    r0_1t -->|"busy, down, failed"| r0_1e{{"its own reply"}}
  end
  classDef cloud stroke-dasharray: 5 5
`,
  );
});

test('no picture of a policy that does not load', async (t) => {
  const at = place(t);
  writeFileSync(join(at.cwd, 'gatehouse.yaml'), policy.replace('[eyes]', '[eye]'));
  const { code, out } = await runHere(['check', '--picture'], at);
  assert.deepEqual([code, out], [2, '']);
});
