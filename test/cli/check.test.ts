/** `gatehouse check`. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { place, runChild, runHere } from './cli-stage.ts';
import type { Place } from './cli-stage.ts';

const policy = `version: 1
house: lab
upstreams:
  eyes: { kind: vllm, url: http://127.0.0.1:8001, slots: 8, models: { seer: { context: 32k, input: [text, image] } } }
  hands: { kind: vllm, url: http://127.0.0.1:8002, slots: 4, models: { coder: { context: 128k, tools: true } } }
  away: { kind: openai, location: cloud, url: https://models.example.com, models: { big: { context: 200k } } }
routes:
  vision: { target: eyes }
  code: { target: hands, spill: [eyes], failover: [away] }
profiles:
  everyone: { tier: local-first, wait: 5s }
  home: { tier: sovereign, exhausted: { queue: 30m } }
  strict: { fallback: never, routes: [code], exhausted: { reply: { sorry: true } } }
guarantees:
  - { name: home stays home, when: { profile: home }, never: cloud }
`;

function written(t: TestContext, text: string): Place {
  const at = place(t);
  writeFileSync(join(at.cwd, 'gatehouse.yaml'), text);
  return at;
}

test('a good policy: who is asked on each route, for each profile', (t) => {
  const { code, out, err } = runChild(['check'], written(t, policy));
  assert.deepEqual([code, err], [0, '']);
  assert.equal(
    out,
    `everyone (local-first, waits 5 s for a busy target; nobody left: an error)
  route   target  if busy  then  left out
  vision  eyes    -        -
  code    hands   eyes     away

home (sovereign; nobody left: queues for 30 min)
  route   target  if busy  then  left out
  vision  eyes    -        -
  code    hands   eyes     -     away (tier)

strict (sovereign; nobody left: replies {"sorry":true})
  route  target  if busy  then  left out
  code   hands   -        -     eyes (no fallback), away (no fallback)

guarantees
  holds     home stays home

proved: ${/proved: (\d+ states)/.exec(out)?.[1]}, 14 guarantees, ${/(\d+ ms)\n/.exec(out)?.[1]}
gatehouse.yaml: ok (lab: 3 upstreams, 2 routes, 3 profiles; policy ${/policy ([0-9a-f]{12})/.exec(out)?.[1]})
`,
  );
});

test('a policy that does not load: every error as a line, exit code 2, nothing on standard output', (t) => {
  const broken = policy.replace('failover: [away]', 'failover: [awy]').replace('tier: sovereign', 'teir: sovereign');
  const { code, out, err } = runChild(['check'], written(t, broken));
  assert.deepEqual([code, out], [2, '']);
  assert.match(err, /^gatehouse\.yaml:9:\d+ routes\.code\.failover: no target .*"awy"\. Did you mean "away"\?$/m);
  assert.match(err, /^gatehouse\.yaml:12:\d+ profiles\.home.*teir/m);
  assert.match(err, /2 errors: this policy does not load\n$/);
});

test('a policy that is named by its path, and one that is not there', async (t) => {
  const at = written(t, policy);
  assert.equal((await runHere(['check', join(at.cwd, 'gatehouse.yaml')], place(t))).code, 0);
  const missing = await runHere(['check', 'other.yaml'], at);
  assert.deepEqual([missing.code, missing.out], [2, '']);
  assert.match(missing.err, /other\.yaml:1:1 there is no such file/);
  const none = await runHere(['check'], place(t));
  assert.match(none.err, /^gatehouse: there is no policy to check; looked at .*gatehouse\.yaml, /);
});

test('a guarantee that does not hold names who could come where, exit code 1; it does not start either', async (t) => {
  const at = written(t, `${policy}  - { name: code keeps to itself, when: { route: code }, never: [eyes, cloud] }\n`);
  const { code, out } = await runHere(['check'], at);
  assert.equal(code, 1);
  assert.match(out, /holds {5}home stays home/);
  assert.match(out, /violated {2}gatehouse\.yaml:16:\d+ code keeps to itself: profile everyone, lab\/code, hands busy ⇒ eyes$/m);
  assert.match(out, /code keeps to itself: profile everyone, lab\/code, hands down ⇒ away \(cloud\)$/m);
  assert.match(out, /code keeps to itself: profile home, lab\/code, hands busy ⇒ eyes$/m);
  assert.doesNotMatch(out, /profile (home|strict).*away/);
  assert.match(out, /^not proved: \d+ states, 15 guarantees/m);
  const up = await runHere(['up'], at);
  assert.equal(up.code, 2);
  assert.match(
    up.err,
    /gatehouse\.yaml:16:\d+ guarantees: "code keeps to itself" does not hold: profile everyone, lab\/code, hands busy ⇒ eyes/,
  );
});

test('a guarantee is about pins too', async (t) => {
  const at = written(t, `${policy.replace('local-first', 'cloud-explicit')}  - { name: nobody leaves, never: cloud }\n`);
  const { code, out } = await runHere(['check'], at);
  assert.equal(code, 1);
  assert.match(out, /nobody leaves: profile everyone, away\/big ⇒ away \(cloud\)$/m);
});

test('for machines: one JSON value, good, violated or refused', async (t) => {
  const good = await runHere(['check', '--json'], written(t, policy));
  const said: { ok: boolean; hash: string; profiles: { profile: string; routes: { route: string; spill: string[] }[] }[] } = JSON.parse(
    good.out,
  );
  assert.deepEqual([good.code, good.err, said.ok], [0, '', true]);
  assert.match(said.hash, /^[0-9a-f]{64}$/);
  assert.deepEqual(
    said.profiles.map((one) => one.profile),
    ['everyone', 'home', 'strict'],
  );
  assert.deepEqual(said.profiles[0]?.routes[1]?.spill, ['eyes/seer']);
  const bad = await runHere(['check', '--json'], written(t, policy.replace('version: 1', 'version: 2')));
  const refused: { ok: boolean; problems: { line: number; path: string }[] } = JSON.parse(bad.out);
  assert.deepEqual([bad.code, refused.ok, refused.problems[0]?.line, refused.problems[0]?.path], [2, false, 1, 'version']);
});
