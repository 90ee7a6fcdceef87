import assert from 'node:assert/strict';
import { test } from 'node:test';
import { houseOf } from '#core/policy/policy-fixture.ts';
import { scoreTexts, withoutInjected } from './score-texts.ts';

const tables = houseOf({
  upstreams: { box: { models: { small: {} } } },
  routes: { any: { target: ['box/small'] } },
  buckets: [
    { name: 'coding', route: 'any', words: ['refactor', 'code', 'pytest'] },
    { name: 'asking', route: 'any', words: ['what is', 'what', 'is'] },
    { name: 'rest', route: 'any' },
  ],
});
const buckets = tables.policy.buckets ?? [];
const injected = tables.policy.injected;

function scored(...texts: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(scoreTexts(texts, buckets, { matcher: tables.words, injected }).map((score) => [score.bucket, score.words]));
}

test('a score counts distinct words of the policy, in their order', () => {
  assert.deepEqual(scored('code, pytest, code and CODE'), { coding: ['code', 'pytest'] });
});

test('overlapping words all count', () => {
  assert.deepEqual(scored('what is it'), { asking: ['what is', 'what', 'is'] });
});

test('every bucket that scores is named, in file order', () => {
  assert.deepEqual(Object.keys(scored('what code')), ['coding', 'asking']);
});

test('nothing scores nothing', () => {
  assert.deepEqual(scored('ok, go on'), {});
  assert.deepEqual(scored(), {});
});

test('a message that scores nothing gives way to the one before it', () => {
  assert.deepEqual(scored('ok, go on', 'please refactor'), { coding: ['refactor'] });
});

test('the newest message that scores decides alone', () => {
  assert.deepEqual(scored('what now', 'refactor the code'), { asking: ['what'] });
});

test('nine messages are read, the newest included', () => {
  const eight = Array.from({ length: 8 }, () => 'ok');
  assert.deepEqual(scored(...eight, 'refactor'), { coding: ['refactor'] });
  assert.deepEqual(scored(...eight, 'ok', 'refactor'), {});
});

test('messages without text of their own are not among the nine', () => {
  const injectedOnly = Array.from({ length: 20 }, () => '<system-reminder>code</system-reminder> ');
  assert.deepEqual(scored(...injectedOnly, 'refactor'), { coding: ['refactor'] });
});

test('injected blocks do not score', () => {
  assert.deepEqual(scored('<system-reminder>refactor the code</system-reminder>what now'), { asking: ['what'] });
});

const blocks: readonly [text: string, left: string, why: string][] = [
  ['a<system-reminder>x</system-reminder>b', 'a\nb', 'a block leaves a boundary'],
  ['a<system-reminder kind="x">x</system-reminder>b', 'a\nb', 'attributes'],
  ['a<environment_context>x</environment_context>b<system-reminder>y</system-reminder>c', 'a\nb\nc', 'both tags'],
  ['a<system-reminder>x', 'a\n', 'a block that is never closed runs to the end'],
  ['a<system-reminders>x</system-reminders>b', 'a<system-reminders>x</system-reminders>b', 'another tag that starts alike'],
  ['<system-reminders><system-reminder>x</system-reminder>b', '<system-reminders>\nb', 'after a tag that starts alike'],
  ['a < b', 'a < b', 'no tag at all'],
  ['<system-reminder>x</system-reminder>', '\n', 'nothing else'],
];

for (const [text, left, why] of blocks) {
  test(`taking out blocks: ${why}`, () => assert.equal(withoutInjected(text, injected), left));
}

test('a text full of blocks costs no more than its length', () => {
  const text = '<system-reminder>x</system-reminder>'.repeat(50_000);
  assert.equal(withoutInjected(text, injected).length, 50_000);
});

test('of a text that no window holds only the beginning is read, and nothing behind it', () => {
  const long = 'x '.repeat(1_000_000);
  assert.deepEqual(scored(`code ${long}pytest`), { coding: ['code'] });
  assert.deepEqual(scored(`${long}pytest`, 'refactor'), {});
  assert.deepEqual(scored(`x ${'y '.repeat(499_000)}`, `refactor ${long}pytest`), { coding: ['refactor'] });
});

test('a text whose characters are all below U+0300 is its own composed form', () => {
  for (let unit = 0; unit < 0x300; unit++) {
    for (const before of ['', 'a', 'E', '\u02ff']) {
      const text = `${before}${String.fromCharCode(unit)}`;
      assert.equal(text.normalize('NFC'), text, JSON.stringify(text));
    }
  }
});

test('a word is found in a text that spells its letters in pieces', () => {
  const house = houseOf({
    upstreams: { box: { models: { small: {} } } },
    routes: { any: { target: ['box/small'] } },
    buckets: [{ name: 'coffee', route: 'any', words: ['café'] }],
  });
  const scores = scoreTexts(['un Cafe\u0301 noir'], house.policy.buckets ?? [], { matcher: house.words, injected });
  assert.deepEqual(scores, [{ bucket: 'coffee', words: ['café'] }]);
});
