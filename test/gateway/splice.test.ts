/**
 * Wherever a stream is cut, with a healthy machine behind: one machine's whole answer or an explicit error, never a mixture, never a
 * tool call twice.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Script } from '#upstreams/scripted/script.ts';
import type { Answer } from './fake-client.ts';
import { chunk, doneEvent, finishEvent, roleEvent, streamOf, word } from './machines.ts';
import { contentOf, doneCount, errorOf, reasoningOf, toolArgumentsOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const thought = (text: string): string => chunk({ reasoning_content: text });
const call = (rest: object): string => chunk({ tool_calls: [{ index: 0, ...rest }] });

const tooled = (name: string): readonly string[] => [
  roleEvent,
  call({ id: `call_${name}`, type: 'function', function: { name: 'pay', arguments: '' } }),
  call({ function: { arguments: `{"by":"${name}",` } }),
  call({ function: { arguments: '"sum":5}' } }),
  chunk({}, 'tool_calls'),
  doneEvent,
];
const worded = (name: string): readonly string[] => [roleEvent, word(' '), word(name), word(` says ${name}`), finishEvent, doneEvent];
const reasoned = (name: string): readonly string[] => [roleEvent, thought(`${name} thinks`), word(name), finishEvent, doneEvent];

/** Everything that tells one machine's answer from another's. */
const saidBy = (answer: Answer): string => reasoningOf(answer) + contentOf(answer) + toolArgumentsOf(answer);

interface Cut {
  readonly name: string;
  readonly script: Script;
}

/** Cuts between all events, and inside each event at its start, its middle and just before its end; by a close and by a reset. */
function cutsOf(events: readonly string[]): readonly Cut[] {
  const text = events.join('');
  const places = new Set<number>();
  let at = 0;
  for (const event of events) {
    for (const offset of [0, 1, Math.floor(event.length / 2), event.length - 2, event.length - 1]) places.add(at + offset);
    at += event.length;
  }
  return [...places].flatMap((place) => [
    { name: `closed after ${place} bytes`, script: streamOf(text.slice(0, place), { do: 'fin' }) },
    { name: `reset after ${place} bytes`, script: streamOf(text.slice(0, place), { do: 'rst' }) },
  ]);
}

for (const [form, events, profile] of [
  ['words', worded, {}],
  ['words that are buffered', worded, { commit: 'end' }],
  ['a tool call', tooled, {}],
  ['reasoning', reasoned, {}],
  ['reasoning that is held', reasoned, { reasoning: 'hold' }],
] as const) {
  test(`${form}: whole from one machine, or an explicit error`, async (t) => {
    const cuts = cutsOf(events('one'));
    let now: Script = [];
    const { under, machines } = await setStage(t, {
      machines: { one: () => now, two: streamOf(...events('two')) },
      profiles: { only: profile },
    });
    const whole = { one: saidByText(events('one')), two: saidByText(events('two')) };
    const seen = new Set<string>();
    for (const cut of cuts) {
      now = cut.script;
      const asked = machines.two.requests.length;
      const answer = await under.ask({ stream: true }).done;
      const terminal = under.terminals.at(-1);
      const said = saidBy(answer);
      if (errorOf(answer) === null) {
        assert.ok(said === whole.one || said === whole.two, `${cut.name}: ${said}`);
        assert.deepEqual([doneCount(answer), terminal?.result], [1, 'ok'], cut.name);
        assert.equal(terminal?.servedBy, said === whole.one ? 'one/m' : 'two/m', cut.name);
      } else {
        assert.ok(whole.one.startsWith(said), `${cut.name}: ${said}`);
        assert.deepEqual([doneCount(answer), terminal?.result], [0, 'failed'], cut.name);
        assert.equal(machines.two.requests.length, asked, `${cut.name}: nobody else was asked`);
      }
      seen.add(errorOf(answer) !== null ? 'error' : said === whole.one ? 'one' : 'two');
    }
    const expected = form.includes('buffered') ? ['one', 'two'] : ['error', 'one', 'two'];
    assert.deepEqual([...seen].toSorted(), expected, 'every outcome was met');
  });
}

function saidByText(events: readonly string[]): string {
  return saidBy({ status: 200, headers: { 'content-type': 'text/event-stream' }, text: events.join(''), cut: false });
}
