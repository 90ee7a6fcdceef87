/** `gatehouse records erase` while no house runs. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { chatRequest, openKeptCallsIn, standsInFiles } from '#test/record/kept-calls.ts';
import { place, runHere } from './cli-stage.ts';
import type { Place } from './cli-stage.ts';

/** A place with a record of three calls; the folder of the record. */
function placeWithCalls(t: TestContext): { readonly at: Place; readonly folder: string } {
  const at = place(t);
  const folder = join(at.cwd, 'x/gatehouse');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const calls = openKeptCallsIn(folder);
  calls.keep(
    { id: 'req_1', at: 1, request: chatRequest('shared', 'canary-one'), reply: 'reply one' },
    { id: 'req_2', at: 2, request: chatRequest('shared', 'canary-two'), reply: 'reply two', principal: 'operator' },
    { id: 'req_3', at: Date.now(), request: chatRequest('shared', 'canary-three'), reply: 'reply three' },
  );
  calls.writer.close();
  return { at, folder };
}

test('it says what went and what stays', async (t) => {
  const { at, folder } = placeWithCalls(t);
  const { code, out, err } = await runHere(['records', 'erase', 'req_1', '--yes'], at);
  assert.deepEqual([code, err], [0, '']);
  assert.equal(
    out,
    'what was said in 1 call is removed: 2 texts, 1 kB\n2 texts of theirs stay: calls that were not erased hold them too\n',
  );
  assert.ok(!standsInFiles(folder, 'canary-one'));
  assert.ok(standsInFiles(folder, 'canary-two'));
  assert.equal(
    (await runHere(['records', 'erase', 'req_1', '--yes'], at)).out,
    'nothing was removed: nothing is kept of what was said there\n',
  );
});

test('by key, by age, and as JSON', async (t) => {
  const { at, folder } = placeWithCalls(t);
  const byKey = await runHere(['records', 'erase', '--key', 'operator', '--yes', '--json'], at);
  assert.deepEqual(
    Object.entries(JSON.parse(byKey.out)).filter(([name]) => name !== 'bytes'),
    Object.entries({ records: 1, texts: 2, shared: 2, unknown: [], emptied: true }),
  );
  assert.equal((await runHere(['records', 'erase', '--older-than', '1h', '--yes'], at)).code, 0);
  assert.ok(!standsInFiles(folder, 'canary-one') && !standsInFiles(folder, 'canary-two'));
  assert.ok(standsInFiles(folder, 'canary-three') && standsInFiles(folder, 'shared'));
});

test('nothing goes unasked, and what is unclear or unknown is said, exit code 2', async (t) => {
  const { at, folder } = placeWithCalls(t);
  const stops: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['req_1'], /would remove what was said in the call req_1, for good; if that is meant, add --yes/],
    [['--yes'], /say which calls/],
    [['req_1', '--key', 'operator', '--yes'], /say which calls/],
    [['--older-than', 'yesterday', '--yes'], /is no age: write 12h, 30d or 8w/],
    [['--key', 'nobody', '--yes'], /nobody/],
    [['req_9', '--yes'], /no call that has ended has the id req_9/],
  ];
  for (const [args, said] of stops) {
    const { code, err } = await runHere(['records', 'erase', ...args], at);
    assert.equal(code, 2, err);
    assert.match(err, said);
  }
  assert.ok(standsInFiles(folder, 'canary-one'));
  const empty = await runHere(['records', 'erase', 'req_1', '--yes'], place(t));
  assert.deepEqual([empty.code, /there is no record in/.test(empty.err)], [2, true]);
});
