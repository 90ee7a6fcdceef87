/** `gatehouse keys` while no house runs. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { place, runChild, runHere } from './cli-stage.ts';

const policy =
  'version: 1\nhouse: own\nupstreams:\n  m: { kind: vllm, url: "http://127.0.0.1:9", slots: 1, models: { x: { context: 9k } } }\nroutes:\n  all: { target: m }\nprofiles:\n  first: {}\n  second: {}\n';

test('a key is shown once, alone on standard output, and kept as a hash that only its owner may read', (t) => {
  const at = place(t);
  const { code, out, err } = runChild(['keys', 'new', '--name', 'laptop'], at);
  assert.equal(code, 0);
  assert.match(out, /^gh_[0-9A-Za-z]{32}\n$/);
  assert.match(err, /^laptop \(k_\w+\); it is shown this once\. Use it with: export GATEHOUSE_KEY=gh_/);
  const folder = join(at.cwd, 'x/gatehouse');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, 'keys.json')).mode & 0o777, 0o600);
  assert.ok(!readFileSync(join(folder, 'keys.json'), 'utf8').includes(out.trim()));
});

test('listed, revoked, listed as revoked', async (t) => {
  const at = place(t);
  assert.equal((await runHere(['keys', 'list'], at)).out, 'there is no key; make one with: gatehouse keys new\n');
  await runHere(['keys', 'new', '--name', 'laptop'], at);
  const listed = await runHere(['keys', 'list', '--json'], at);
  assert.doesNotMatch(listed.out, /gh_|hmac/);
  const { keys }: { keys: { id: string; name: string; revokedAt: number | null }[] } = JSON.parse(listed.out);
  assert.deepEqual(
    keys.map(({ name, revokedAt }) => [name, revokedAt]),
    [['laptop', null]],
  );
  assert.equal((await runHere(['keys', 'revoke', keys[0]?.id ?? ''], at)).code, 0);
  assert.match((await runHere(['keys', 'list'], at)).out, /laptop {2}sovereign {2}\d{4}-\d\d-\d\d {2}revoked \d{4}-\d\d-\d\d/);
  const again = await runHere(['keys', 'revoke', 'laptop'], at);
  assert.deepEqual([again.code, again.err], [2, 'gatehouse: no live key "laptop"; see: gatehouse keys list\n']);
});

test('its profile is one of the policy, the first if unsaid', async (t) => {
  const at = place(t);
  writeFileSync(join(at.cwd, 'gatehouse.yaml'), policy);
  const made = async (...args: string[]) => runHere(['keys', 'new', '--json', ...args], at);
  const first: { name: string; key: string } = JSON.parse((await made()).out);
  assert.deepEqual([first.name, first.key.slice(0, 3)], ['first', 'gh_']);
  await made('--profile', 'second');
  assert.match((await runHere(['keys', 'list'], at)).out, /first {3}first .*\n.*second {2}second /);
  const wrong = await made('--profile', 'secnd');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /profile "secnd".*"second"/);
});

test('a folder that others may look into is refused with what to do, exit code 3', async (t) => {
  const at = place(t);
  const { code, err } = await runHere(['keys', 'list', '--data', '/etc'], at);
  assert.equal(code, 3);
  assert.match(err, /^gatehouse: .*\/etc.*: .*(chmod 700|another folder with --data)/);
});
