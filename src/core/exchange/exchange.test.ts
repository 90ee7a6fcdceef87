import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delta, ReplyEvent } from '#core/reply/event.ts';
import { newExchange, releaseRest, takeEvent } from './exchange.ts';
import type { Exchange, ReleaseRules } from './exchange.ts';

const rules: ReleaseRules = { reasoning: 'release', commit: 'answer', wantsUsage: false, choices: 1 };

interface Named {
  readonly name: string;
  readonly event: ReplyEvent;
}

function named(name: string, deltas: readonly Delta[], more: { readonly kind?: ReplyEvent['kind']; readonly bytes?: number } = {}): Named {
  return { name, event: { raw: new Uint8Array(more.bytes ?? 10), kind: more.kind ?? 'data', deltas } };
}

const role = named('role', []);
const space = named('space', [{ type: 'content', choice: 0, text: ' \n' }]);
const text = named('text', [{ type: 'content', choice: 0, text: 'hi' }]);
const thought = named('thought', [{ type: 'reasoning', choice: 0, text: 'hm' }]);
const noThought = named('no thought', [{ type: 'reasoning', choice: 0, text: '' }]);
const refusal = named('refusal', [{ type: 'refusal', choice: 0, text: 'no' }]);
const tool = named('tool', [{ type: 'tool', choice: 0, index: 0, id: null, name: null, arguments: '' }]);
const finish = named('finish', [{ type: 'finish', choice: 0, reason: 'stop' }]);
const answerAndFinish = named('answer and finish', [
  { type: 'content', choice: 0, text: 'hi' },
  { type: 'finish', choice: 0, reason: 'stop' },
]);
const usage = named('usage', [{ type: 'usage', input: 1, output: 1, cachedInput: null, reasoning: null }]);
const done = named('done', [{ type: 'end' }]);
const lastLine = named('last line', [
  { type: 'finish', choice: 0, reason: 'stop' },
  { type: 'usage', input: 1, output: 1, cachedInput: null, reasoning: null },
  { type: 'end' },
]);
const comment = named('comment', [], { kind: 'noise' });
const garbled = named('garbled', [], { kind: 'malformed' });

/** What goes out after each event, then after the reply was judged good: `- | role, text | - | finish, done`. */
function released(events: readonly Named[], more: Partial<ReleaseRules> = {}): string {
  const names = new Map(events.map(({ name, event }) => [event, name]));
  const say = (out: readonly ReplyEvent[]): string => out.map((event) => names.get(event)).join(', ') || '-';
  let exchange: Exchange = newExchange;
  const said: string[] = [];
  for (const { event } of events) {
    const release = takeEvent(exchange, event, { ...rules, ...more });
    exchange = release.exchange;
    said.push(say(release.events));
  }
  return [...said, say(releaseRest(exchange).events)].join(' | ');
}

const flows: readonly [name: string, events: readonly Named[], more: Partial<ReleaseRules>, released: string][] = [
  ['the first character releases what was held', [role, space, text, text], {}, '- | - | role, space, text | text | -'],
  ['reasoning releases', [role, thought, text], {}, '- | role, thought | text | -'],
  ['unless it is held', [role, thought, text], { reasoning: 'hold' }, '- | - | role, thought, text | -'],
  ['empty reasoning does not', [noThought, text], {}, '- | no thought, text | -'],
  ['a tool call releases', [role, tool], {}, '- | role, tool | -'],
  ['a refusal releases', [role, refusal], {}, '- | role, refusal | -'],
  ['the finish reason waits for the record', [text, finish, done], {}, 'text | - | - | finish, done'],
  ['also with the answer in it', [role, answerAndFinish], {}, '- | - | role, answer and finish'],
  ['an empty reply is held to its end', [role, space, finish, done], {}, '- | - | - | - | role, space, finish, done'],
  [
    'buffered: nothing before the end',
    [role, text, text, finish, done],
    { commit: 'end' },
    '- | - | - | - | - | role, text, text, finish, done',
  ],
  ['usage nobody asked for is dropped', [text, finish, usage, done], {}, 'text | - | - | - | finish, done'],
  ['also before the finish', [text, usage, text], {}, 'text | - | text | -'],
  ['usage asked for follows the finish', [text, finish, usage, done], { wantsUsage: true }, 'text | - | - | - | finish, usage, done'],
  ['a last line that holds usage too is no usage event', [text, lastLine], {}, 'text | - | last line'],
  ['noise and rubbish never go out', [comment, text, garbled, comment], {}, '- | text | - | - | -'],
  ['what follows the terminator is dropped', [text, finish, done, text, done], {}, 'text | - | - | - | - | finish, done'],
  ['a terminator without finish waits too', [text, done], {}, 'text | - | done'],
  [
    'two choices: the last finish waits',
    [text, finish, text, named('second finish', [{ type: 'finish', choice: 1, reason: 'stop' }])],
    { choices: 2 },
    'text | finish | text | - | second finish',
  ],
];

for (const [name, events, more, expected] of flows) {
  test(name, () => assert.equal(released(events, more), expected));
}

test('reasoning is held to 64 kB, then it goes out', () => {
  const thoughts = ['one', 'two', 'three'].map((name) => named(name, thought.event.deltas, { bytes: 30_000 }));
  assert.equal(released(thoughts, { reasoning: 'hold' }), '- | - | one, two, three | -');
});

test('buffered replies are held without that bound', () => {
  const texts = ['one', 'two', 'three'].map((name) => named(name, text.event.deltas, { bytes: 30_000 }));
  assert.equal(released(texts, { commit: 'end' }), '- | - | - | one, two, three');
});

test('the commit is the first event that goes out, and stays', () => {
  const held = takeEvent(newExchange, role.event, rules).exchange;
  assert.equal(held.committed, false);
  const committed = takeEvent(held, text.event, rules).exchange;
  assert.deepEqual([committed.committed, committed.held, committed.heldBytes], [true, [], 0]);
  assert.equal(takeEvent(held, answerAndFinish.event, rules).exchange.committed, false);
  assert.equal(releaseRest(takeEvent(held, answerAndFinish.event, rules).exchange).exchange.committed, true);
});
