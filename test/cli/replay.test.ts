/** The record asked, replayed and tried under another policy, by the commands a person would use. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { canonicalJson } from '#config/policy-hash.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { StoreOp } from '#store/ports.ts';
import { openRecord, recordFolder } from '#test/record/record-stage.ts';
import { houseText, houseWith, recordedCall } from '#test/replay/recorded.ts';
import { place, runChild, runHere } from './cli-stage.ts';

const seed = Number(process.env['REPLAY_SEED'] ?? randomInt(2 ** 31));

/** The same numbers from the same seed. */
function dice(): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const sayings = ['refactor this', 'run pytest', 'refactor and pytest', 'hello', 'what a day', 'Refactoring is no word'];
const busy = { state: 'not_now', why: 'no_slot' } as const;
const down = { state: 'cannot', why: 'ejected', cause: 'connection refused', sinceMs: 1_200, nextTryMs: 28_000 } as const;

/** A record of many calls under three policies, with and without their text. */
async function recordOf(t: TestContext, calls: number): Promise<string> {
  const roll = dice();
  const houses = [houseWith(), houseWith({ words: '[refactor, hello]' }), houseWith({ code: 'studio', tier: 'sovereign' })];
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  await store.commit(houses.map((house) => policyOp(house)));
  for (let at = 0; at < calls; at += 100) {
    const ops = Array.from({ length: Math.min(100, calls - at) }, (_, index): StoreOp[] => {
      const house = houses[roll(houses.length)] ?? houseWith();
      const said = sayings[roll(sayings.length)] ?? '';
      const seen = { 'studio/talker': [{}, busy, down][roll(3)] ?? {}, 'tower/coder': [{}, busy, down][roll(3)] ?? {} };
      const call = recordedCall(house, said, { id: `r${at + index}`, captured: true, seen });
      const text = roll(2) === 0 ? {} : { said: { capture: 'full', bytes: Buffer.from(call.requestText ?? '') } as const };
      assert.ok(call.terminal);
      return [
        { op: 'start', intent: { ...call.intent, at: Date.now() - 1_000 }, ...text },
        { op: 'terminal', terminal: { ...call.terminal, at: Date.now() } },
      ];
    });
    await store.commit(ops.flat());
  }
  await store.close();
  return folder;
}

function policyOp({ policy, hash }: PolicyTables): StoreOp {
  return { op: 'policy', at: Date.now(), hash, json: canonicalJson(policy) };
}

test('a thousand recorded decisions replay bit for bit in another process with another clock, zone and language', async (t) => {
  t.diagnostic(`REPLAY_SEED=${seed}`);
  const at = place(t);
  const folder = await recordOf(t, 1_000);
  const elsewhere = { ...at, env: { ...at.env, TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8' } };
  const { code, out, err } = runChild(['replay', '--json', '--data', folder], elsewhere);
  assert.equal(code, 0, out + err);
  const seen: Readonly<Record<string, number>> = JSON.parse(out);
  assert.deepEqual([seen['equal'], seen['differs'], seen['without policy']], [1_000, 0, 0]);
  const fromScores = seen['from the scores on'] ?? 0;
  assert.ok(fromScores > 300 && fromScores < 700, `${fromScores} without text`);
});

test('under another list of words replay ends with 1 and names the field', async (t) => {
  const at = place(t);
  const folder = await recordOf(t, 50);
  writeFileSync(join(at.cwd, 'new.yaml'), houseText({ words: '[refactor, pytest, day]' }));
  const { code, out } = await runHere(['replay', '--policy', 'new.yaml', '--data', folder], at);
  assert.equal(code, 1);
  assert.match(out, /^r\d+: facts\.scores\S* differs: recorded .*, now .* \(from the text of the request\)$/m);
  const one = /^(r\d+): facts/m.exec(out)?.[1] ?? '';
  assert.equal(
    (await runHere(['replay', one, '--data', folder], at)).out,
    `${one}: the same, bit for bit (from the text of the request)\n`,
  );
});

test('a backtest says what moves, why, and what it could not decide; its page needs nothing else', async (t) => {
  const at = place(t);
  const folder = await recordOf(t, 200);
  writeFileSync(join(at.cwd, 'new.yaml'), houseText({ words: '[refactor, pytest, day]', code: 'studio' }));
  const { code, out, err } = await runHere(['backtest', 'new.yaml', '--html', 'report.html', '--data', folder], at);
  assert.equal(code, 0, err);
  assert.match(out, /^200 calls, \d+ decided again, \d+ would go elsewhere$/m);
  assert.match(out, /code → tower\/coder +⇒ code → studio\/talker +words:coding; such as r\d+/);
  assert.match(out, /not decided again: its words were not captured/);
  assert.match(out, /Queues, load and failures are as they were recorded/);
  const page = readFileSync(join(at.cwd, 'report.html'), 'utf8');
  assert.match(page, /default-src 'none'/);
  assert.doesNotMatch(page, /<script|https?:|<img|<link/);
  assert.match((await runHere(['backtest', 'none.yaml', '--data', folder], at)).err, /none\.yaml/);
});

test('the check of a policy that is not the recorded one says how to try it', async (t) => {
  const at = place(t);
  const folder = await recordOf(t, 5);
  const home = { ...at, env: { ...at.env, XDG_DATA_HOME: join(at.cwd, 'x') } };
  mkdirSync(join(at.cwd, 'x'));
  symlinkSync(folder, join(at.cwd, 'x', 'gatehouse'));
  writeFileSync(join(at.cwd, 'new.yaml'), houseText({ words: '[another]' }));
  assert.match((await runHere(['check', 'new.yaml'], home)).out, /gatehouse backtest new\.yaml$/m);
  writeFileSync(join(at.cwd, 'other.yaml'), houseText().replace('house: den', 'house: burrow'));
  assert.doesNotMatch((await runHere(['check', 'other.yaml'], home)).out, /backtest/);
});

test('what was said cannot steer the terminal it is printed to; a file gets it as it was', async (t) => {
  const at = place(t);
  const folder = recordFolder(t);
  const store = await openRecord(folder);
  const { intent, terminal } = recordedCall(houseWith(), 'refactor this', { id: 'r1' });
  assert.ok(terminal);
  const text = 'first\n\tsecond \u001b]0;title\u0007 \u009b2J \u202e.';
  await store.commit([{ op: 'start', intent, said: { capture: 'full', bytes: Buffer.from(text) } }]);
  await store.commit([{ op: 'terminal', terminal }]);
  await store.close();
  const show = async (tty: boolean): Promise<string> => (await runHere(['records', 'show', 'r1', '--text', '--data', folder], at, tty)).out;
  assert.ok((await show(false)).includes(text));
  assert.ok((await show(true)).includes('first\n\tsecond ?]0;title? ?2J ?.'));
});

test('lists, stories, sums, runs and rankings come from the record alone', async (t) => {
  const at = place(t);
  const folder = await recordOf(t, 30);
  const list = await runHere(['records', '--limit', '5', '--data', folder], at);
  assert.equal(list.out.trimEnd().split('\n').length, 5);
  assert.match(list.out, /r29 .*k_one/);
  assert.match(
    (await runHere(['records', 'show', 'r7', '--data', folder], at)).out,
    /^r7 [\s\S]*^asked by +key k_one[\s\S]*^plan$[\s\S]*^walk$/m,
  );
  const json = await runHere(['records', '--json', '--limit', '1', '--data', folder], at);
  assert.equal(JSON.parse(json.out).id, 'r29');
  const said = await runHere(['records', '--text', 'PYTEST', '--json', '--data', folder], at);
  assert.ok(said.out.split('\n').length < 25);
  assert.match((await runHere(['cost', '--by', 'route', '--data', folder], at)).out, /^code +\d+/m);
  assert.match((await runHere(['cost', '--csv', '--data', folder], at)).out, /^task,calls,input_tokens/);
  assert.match((await runHere(['runs', '--data', folder], at)).out, /30 turns/);
  assert.match((await runHere(['score', '--data', folder], at)).err, /no call has a score yet/);
});

test('a slip of the hand is told what would be right', async (t) => {
  const at = place(t);
  assert.match((await runHere(['records'], at)).err, /there is no record in/);
  const folder = await recordOf(t, 1);
  for (const [args, words] of [
    [['records', '--since', 'yesterday'], '"yesterday" is no time: write 7d'],
    [['records', '--limit', '0'], '"0" is no number of calls'],
    [['records', 'show', 'zzz'], 'no call that has ended has the id "zzz"'],
    [['cost', '--by', 'weather'], 'costs are not summed by "weather"'],
    [['score', '--by', 'mood'], 'scores are not ranked by "mood"'],
    [['score', 'r0', 'good'], 'name=number or name=word'],
    [['runs', 'nobody'], 'no call belongs to the session "nobody"'],
  ] as const) {
    const { code, err } = await runHere([...args, '--data', folder], at);
    assert.equal(code, 2, args.join(' '));
    assert.ok(err.includes(words), `${args.join(' ')}: ${err}`);
  }
  assert.ok(existsSync(join(folder, 'record.db')));
});

test('sums name as many groups as are wanted and add up the others; rankings may begin at a time', async (t) => {
  const at = place(t);
  const folder = await recordOf(t, 60);
  const { code, out } = await runHere(['cost', '--by', 'model', '--limit', '1', '--data', folder], at);
  assert.equal(code, 0);
  assert.match(out, /^\d+ others\b/m);
  const lines = (await runHere(['cost', '--by', 'model', '--limit', '1', '--json', '--data', folder], at)).out.trim().split('\n');
  const groups = lines.map((line): { readonly calls: number; readonly others?: number } => JSON.parse(line));
  assert.equal(groups.length, 2);
  assert.equal(
    groups.reduce((sum, { calls }) => sum + calls, 0),
    60,
  );
  const csv = await runHere(['cost', '--by', 'model', '--limit', '1', '--csv', '--data', folder], at);
  assert.match(csv.out, /\r\n\d+ others,/);
  const wrong = await runHere(['cost', '--limit', '0', '--data', folder], at);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /"0" is no number of groups/);
  const ranks = await runHere(['score', '--since', '1h', '--data', folder], at);
  assert.match(ranks.err, /no call has a score of that time/);
});
