/** What of a call the record is handed: the request as it came, the reply as it went out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyFile } from '#config/schema.ts';
import { saidBytes } from '#core/record/told-tape.ts';
import type { Said } from '#store/ports.ts';
import { answers, doneEvent, finishEvent, gate, inTurn, roleEvent, streamOf, usageEvent, word } from './machines.ts';
import { setStage } from './stage.ts';

const open: PolicyFile['profiles'] = { laptop: { tier: 'local-first' } };

function textOf(said: Said | null | undefined): string {
  return said ? Buffer.from(saidBytes(said)).toString('utf8') : '';
}

test('a request is handed over byte for byte, and a whole reply as it went out', async (t) => {
  const { under } = await setStage(t, { profiles: open, machines: { one: answers('hello') } });
  const body = '\n{ "model":"home/chat", "messages":[ {"role":"user","content":"h\\u00e9 ü"} ] }';
  const answer = await under.ask(body).done;
  assert.equal(textOf(under.asked[0]), body);
  assert.equal(textOf(under.told[0]), answer.text);
  assert.deepEqual([under.asked[0]?.capture, under.told[0]?.capture, under.told[0]?.streamOf], ['full', 'full', undefined]);
});

test('of a stream the record has all that goes out, what is held for it included', async (t) => {
  const { under } = await setStage(t, {
    profiles: open,
    machines: { one: streamOf(roleEvent, word('a'), word('b'), finishEvent, usageEvent, doneEvent) },
  });
  const answer = await under.ask({ stream: true }).done;
  assert.equal(textOf(under.told[0]), answer.text);
  assert.equal(answer.text, roleEvent + word('a') + word('b') + finishEvent + doneEvent);
  assert.equal(under.told[0]?.streamOf, 'openai-chat');
});

test('of a stream that breaks the record has what went out, and nothing of an answer that nobody saw', async (t) => {
  const { under, machines } = await setStage(t, {
    profiles: open,
    machines: {
      one: inTurn(streamOf(roleEvent, word(' '), { do: 'rst' })),
      two: streamOf(roleEvent, word('seen'), gate(), { do: 'rst' }),
    },
  });
  const asked = under.ask({ stream: true });
  await asked.client.got('seen');
  machines.two.open('go');
  await asked.done;
  assert.equal(textOf(under.told[0]), roleEvent + word('seen'));
});

test('of a caller who leaves the record has what reached it', async (t) => {
  const { under, machines } = await setStage(t, {
    profiles: open,
    machines: { one: streamOf(roleEvent, word('seen'), gate(), word('never'), finishEvent, doneEvent) },
  });
  const asked = under.ask({ stream: true });
  await asked.client.got('seen');
  asked.client.leave();
  await asked.handled;
  machines.one.open('go');
  assert.equal(textOf(under.told[0]), roleEvent + word('seen'));
});

test('a refusal has a request and no reply; a body that is not understood has neither', async (t) => {
  const { under } = await setStage(t, { profiles: open, machines: { one: answers('x') } });
  await under.ask({ model: 'nobody' }).done;
  await under.ask('no json').done;
  assert.match(textOf(under.asked[0]), /"nobody"/);
  assert.deepEqual([under.asked[1], under.told[0], under.told[1]], [null, null, null]);
});

test('of a sovereign call only hashes are kept, also where its caller narrowed it', async (t) => {
  const { under } = await setStage(t, { profiles: open, machines: { one: answers('x') } });
  await under.ask({}, { headers: { 'x-gatehouse-tier': 'sovereign' } }).done;
  await under.ask({ stream: true }, { headers: { 'x-gatehouse-tier': 'sovereign' } }).done;
  assert.deepEqual(
    [...under.asked, ...under.told].map((said) => said?.capture),
    ['hash', 'hash', 'hash', 'hash'],
  );
});

test('the profile has the last word, for more and for less', async (t) => {
  const profiles: PolicyFile['profiles'] = {
    quiet: { tier: 'local-first', capture: 'none' },
    sealed: { tier: 'local-first', capture: 'hash' },
    open: { tier: 'sovereign', capture: 'full' },
  };
  const { under } = await setStage(t, { profiles, machines: { one: answers('x') } });
  for (const profile of ['quiet', 'sealed', 'open']) {
    await under.ask({}, { profile }).done;
    await under.ask({ stream: true }, { profile }).done;
  }
  const expected = [undefined, undefined, 'hash', 'hash', 'full', 'full'];
  assert.deepEqual(
    [under.asked, under.told].map((all) => all.map((said) => said?.capture)),
    [expected, expected],
  );
});
