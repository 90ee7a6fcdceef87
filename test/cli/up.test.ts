/** `gatehouse up` from its first start to its end, as a person sees it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { demoScript, startDemoMachine } from '#upstreams/scripted/demo-machine.ts';
import type { DemoMachineSpec } from '#upstreams/scripted/demo-machine.ts';
import { place, runHere, startChild } from './cli-stage.ts';
import type { Place, Running } from './cli-stage.ts';

/** A process that never says what it should must not hold up the rest. */
const limit = { timeout: 60_000 };

const spec: DemoMachineSpec = { name: 'attic', models: [{ name: 'talker' }], tokensPerSecond: 10_000 };

interface OneMachine {
  readonly at: Place;
  /** Writes the policy, with these lines at its end. */
  readonly policy: (more?: string) => void;
  /** From now on questions wait, until `answer`; resolves when one has come. */
  readonly hold: () => Promise<void>;
  readonly answer: () => void;
}

/** A house with one machine behind it. */
async function house(t: TestContext): Promise<OneMachine> {
  const machine = await startDemoMachine(spec);
  t.after(() => machine.close());
  const { server, url } = machine;
  const at = place(t);
  const policy = (more = ''): void =>
    writeFileSync(
      join(at.cwd, 'gatehouse.yaml'),
      `version: 1\nhouse: own\nlisten: 127.0.0.1:0\nupstreams:\n  attic: { kind: scripted, url: ${url}, slots: 2, models: { talker: { context: 9k } } }\nroutes:\n  all: { target: attic }\n${more}`,
    );
  policy();
  return {
    at,
    policy,
    hold: () =>
      new Promise((resolve) => {
        server.handle((request) => {
          const script = demoScript(spec, request);
          if (request.method !== 'POST') return script;
          resolve();
          return [{ do: 'gate', name: 'answer' }, ...script];
        });
      }),
    answer: () => server.open('answer'),
  };
}

async function up(at: Place, t: TestContext, ...args: string[]): Promise<{ running: Running; origin: string }> {
  const running = startChild(['up', ...args], at, t);
  const [, origin = ''] = await running.says(/address {2}(http:\S+)\/v1/);
  await running.says(/\n\n$/);
  return { running, origin };
}

/** What a shell makes of a line, with some variables set; does not block this process, which may be serving it. */
function shell(line: string, at: Place, env: Record<string, string> = {}): Promise<string> {
  const child = spawn('sh', ['-c', line], { cwd: at.cwd, env: { ...at.env, ...env } });
  let out = '';
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
  return new Promise((resolve) => child.on('close', () => resolve(out)));
}

const lineAfter = (text: string, pattern: RegExp): string => text.split('\n').find((line) => pattern.test(line)) ?? '';

test('the first start shows a key and a line that works; the next one names $GATEHOUSE_KEY', limit, async (t) => {
  const { at } = await house(t);
  const first = await up(at, t);
  const said = first.running.out();
  const key = /gh_\w{32}/.exec(said)?.[0] ?? '';
  assert.match(said, /serves own \(gatehouse\.yaml\)/);
  assert.match(said, /models {3}own\/auto, own\/all\n/);
  assert.ok(said.includes(join(at.cwd, 'x/gatehouse')));
  const line = lineAfter(said, /^curl /);
  assert.ok(line.includes(key) && key !== '');
  assert.match(await shell(line, at), /\[scripted: attic\] Hello from attic!/);
  first.running.child.kill('SIGINT');
  assert.equal((await first.running.ended).code, 0);

  const second = await up(at, t);
  const later = second.running.out();
  assert.doesNotMatch(later, /gh_/);
  assert.match(later, /yours is \$GATEHOUSE_KEY; lost it\? gatehouse keys new/);
  assert.match(await shell(lineAfter(later, /^curl /), at, { GATEHOUSE_KEY: key }), /\[scripted: attic\]/);
  const made = await runHere(['keys', 'new'], at);
  assert.match(await shell(lineAfter(later, /^curl /), at, { GATEHOUSE_KEY: made.out.trim() }), /\[scripted: attic\]/);
  second.running.child.kill('SIGTERM');
  assert.equal((await second.running.ended).code, 0);
});

test('the demo house: four lines that work, a 503 while the senior is broken', limit, async (t) => {
  const at = place(t);
  const { running } = await up(at, t, '--demo', '--listen', '127.0.0.1:0');
  const said = running.out();
  assert.match(said, /serves homelab \(the demo house\)/);
  const tries =
    said
      .split('\nTry:\n')[1]
      ?.split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')) ?? [];
  assert.equal(tries.length, 4);
  assert.match(await shell(tries[0] ?? '', at), /\[scripted: ubuntu-6000\] .*because your words are those of the bucket \\"coding\\"/);
  assert.match(await shell(tries[1] ?? '', at), /\[scripted: ubuntu-4090\] .*I see an image.*because you sent an image/);
  const asked = await runHere(['ask', 'Review the security of this'], at);
  assert.deepEqual([asked.code, asked.out.slice(0, 17)], [0, '[scripted: spark]']);
  assert.match(asked.err, /^reasoning · spark\/\S+ · words:reasoning · req_/);
  assert.match(tries[2] ?? '', /^gatehouse demo break spark$/);
  assert.equal((await runHere(['demo', 'break', 'spark'], at)).code, 0);
  const refused = await runHere(['ask', 'Review the security of this'], at);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /503 no_route: homelab\/reasoning has no machine: spark .*This route never falls back\./);
  assert.match((await runHere(['status'], at)).out, /spark +down \(connection refused/);
  assert.equal((await runHere(['demo', 'mend', 'spark'], at)).code, 0);
  assert.match(tries[3] ?? '', /^gatehouse explain "/);
  running.child.kill('SIGINT');
  assert.equal((await running.ended).code, 0);

  // Its key is made anew, so that it can be shown at each start.
  const again = await up(at, t, '--demo', '--listen', '127.0.0.1:0');
  const keys = [said, again.running.out()].map((text) => /gh_\w{32}/.exec(text)?.[0]);
  assert.ok(keys[0] !== undefined && keys[1] !== undefined && keys[0] !== keys[1]);
  const line = lineAfter(again.running.out(), /^curl /);
  assert.match(await shell(line, at), /\[scripted: /);
  assert.doesNotMatch(await shell(line.replace(keys[1], keys[0]), at), /\[scripted: /);
});

test('the other commands reach the house that runs', limit, async (t) => {
  const { at, policy } = await house(t);
  const { origin } = await up(at, t);
  const json = await runHere(['ask', 'hello', '--json'], at);
  const reply: { choices: { message: { content: string } }[] } = JSON.parse(json.out);
  assert.match(reply.choices[0]?.message.content ?? '', /^\[scripted: attic\]/);
  assert.match((await runHere(['status'], at)).out, /^own at 127\.0\.0\.1:\d+, up .*\nupstream .*\nattic +(up|unprobed) +\d\/2 +talker/);
  assert.equal((await runHere(['top'], at)).out.split('\n')[1], (await runHere(['status'], at)).out.split('\n')[1]);
  assert.match((await runHere(['connect', 'openai'], at)).out, new RegExp(`^export OPENAI_BASE_URL=${origin}/v1\n`));
  assert.equal((await runHere(['drain', 'attic'], at)).code, 0);
  assert.match((await runHere(['explain', 'hello', '--live'], at)).out, /attic is drained/);
  assert.equal((await runHere(['undrain', 'attic'], at)).code, 0);
  const wrong = await runHere(['drain', 'atic'], at);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /"atic".*"attic"/);
  policy('profiles: { everyone: { fallback: nevr } }\n');
  const refused = await runHere(['reload'], at);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /gatehouse\.yaml:\d+:\d+ profiles\.everyone\.fallback/);
  assert.match(refused.err, /the old one goes on serving\n$/);
  policy('profiles: { everyone: {}, others: {} }\n');
  assert.match((await runHere(['reload'], at)).out, /^the policy is in force/);
  assert.equal((await runHere(['ask', 'hello', '--profile', 'others'], at)).code, 0);
  assert.match((await runHere(['ask', 'hello', '--profile', 'otters'], at)).err, /profile "otters".*"others"/);
});

test('SIGHUP reads the policy again; a wrong one is refused with its errors and the old one goes on serving', limit, async (t) => {
  const { at, policy } = await house(t);
  const { running } = await up(at, t);
  policy('nonsense: true\n');
  running.child.kill('SIGHUP');
  await running.says(/gatehouse\.yaml:8:1 .*nonsense/);
  await running.says(/the old one goes on serving/);
  assert.equal((await runHere(['ask', 'hello'], at)).code, 0);
  policy('profiles: { renamed: {} }\n');
  running.child.kill('SIGHUP');
  await running.says(/policy [0-9a-f]{12} is in force/);
  assert.equal((await runHere(['ask', 'hello', '--profile', 'renamed'], at)).code, 0);
});

test('--watch reads it again when the file changes', limit, async (t) => {
  const { at, policy } = await house(t);
  const { running } = await up(at, t, '--watch');
  policy('profiles: { renamed: {} }\n');
  await running.says(/policy [0-9a-f]{12} is in force/);
  assert.equal((await runHere(['ask', 'hello', '--profile', 'renamed'], at)).code, 0);
});

test('Ctrl-C waits for what runs and says so; what it waits for ends whole', limit, async (t) => {
  const { at, hold, answer } = await house(t);
  const { running } = await up(at, t);
  const held = hold();
  const asking = runHere(['ask', 'hello'], at);
  await held;
  running.child.kill('SIGINT');
  await running.says(/closing: waiting for one request \(.*\), at most 10 s; Ctrl-C again ends at once/);
  answer();
  const asked = await asking;
  assert.deepEqual([asked.code, asked.out.slice(0, 17)], [0, '[scripted: attic]']);
  assert.equal((await running.ended).code, 0);
});

test('a second Ctrl-C ends at once', limit, async (t) => {
  const { at, hold } = await house(t);
  const { running } = await up(at, t);
  const held = hold();
  const asking = runHere(['ask', 'hello'], at);
  await held;
  running.child.kill('SIGINT');
  await running.says(/closing: waiting for one request/);
  running.child.kill('SIGINT');
  assert.equal((await running.ended).code, 130);
  assert.equal((await asking).code, 3);
});

test('what keeps it from starting is one line with what to do', limit, async (t) => {
  const { at, policy } = await house(t);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const port = (taken.address() as AddressInfo).port;
  const end = async (code: number, pattern: RegExp, ...args: string[]): Promise<void> => {
    const said = await startChild(['up', ...args], at, t).ended;
    assert.deepEqual([said.code, said.out], [code, ''], said.err);
    assert.match(said.err, pattern);
    assert.equal(said.err.trimEnd().split('\n').length, 1, said.err);
  };
  await end(3, new RegExp(`^gatehouse: .*127\\.0\\.0\\.1:${port}.*--listen`), '--listen', `127.0.0.1:${port}`);
  const open = join(at.cwd, 'open');
  mkdirSync(open, { mode: 0o755 });
  chmodSync(open, 0o755);
  await end(3, /^gatehouse: others can look into the data folder .*: chmod 700 /, '--data', open);
  policy('  { nonsense\n');
  await end(2, /^gatehouse: the policy does not load: gatehouse\.yaml:\d+:\d+ /);
  await end(2, /^gatehouse: the policy does not load: other\.yaml:1:1 there is no such file/, '--policy', 'other.yaml');
  policy('');
  writeFileSync(
    join(at.cwd, 'keyed.yaml'),
    'version: 1\nhouse: own\nupstreams:\n  m: { kind: vllm, url: "http://127.0.0.1:9", key: "${GH_TEST_UNSET}", slots: 1, models: { x: { context: 9k } } }\nroutes:\n  all: { target: m }\n',
  );
  await end(2, /keyed\.yaml:4:\d+ upstreams\.m\.key: the environment variable GH_TEST_UNSET is not set/, '--policy', 'keyed.yaml');
  await up(at, t);
  await end(3, /^gatehouse: another gatehouse .*uses the data folder .*: stop it first, or name another folder with --data/);
});
