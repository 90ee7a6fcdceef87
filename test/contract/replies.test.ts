/** What every kind of server answers well, callers get as the API they speak has it, and the record knows. */
import assert from 'node:assert/strict';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { contentOf, doneCount, finishOf, payloadsOf, reasoningOf, usageOf } from '#test/gateway/read-answer.ts';
import type { Answer } from '#test/gateway/fake-client.ts';
import { forEachKind, stageOf } from './each-kind.ts';
import type { KindFixture, Said } from './fixture.ts';

const usage = { input: 21, output: 4 };
const forms = [true, false] as const;

/** Answers in the form asked for. */
function saying(server: KindFixture, said: Omit<Said, 'model'>, model = 'm'): ScriptHandler {
  return (request) => server.answer({ model, usage, ...said }, server.received(request).stream);
}

interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** The tool calls of an answer, put together from their fragments. */
function callsOf(answer: Answer): readonly Call[] {
  const calls = new Map<number, { id: string; name: string; text: string }>();
  for (const payload of payloadsOf(answer)) {
    for (const { delta, message } of payload.choices ?? []) {
      const pieces: readonly { index?: number; id?: string; function?: { name?: string; arguments?: string } }[] =
        (delta ?? message)?.tool_calls ?? [];
      for (const [position, piece] of pieces.entries()) {
        const index = piece.index ?? position;
        const call = calls.get(index) ?? { id: '', name: '', text: '' };
        calls.set(index, {
          id: call.id + (piece.id ?? ''),
          name: call.name + (piece.function?.name ?? ''),
          text: call.text + (piece.function?.arguments ?? ''),
        });
      }
    }
  }
  return [...calls.values()].map(({ id, name, text }): Call => ({ id, name, arguments: JSON.parse(text) as unknown }));
}

for (const stream of forms) {
  const form = stream ? 'streamed' : 'whole';

  forEachKind(`a ${form} answer: the words, how it ended, what it used, under the policy’s name of the model`, async (t, contracted) => {
    const { server } = contracted;
    const { under, machines } = await stageOf(t, contracted, saying(server, { text: ['one ', 'two'] }));
    const answer = await under.ask({ stream, ...(stream ? { stream_options: { include_usage: true } } : {}) }).done;
    assert.equal(answer.status, 200);
    assert.equal(contentOf(answer), 'one two');
    assert.equal(finishOf(answer), 'stop');
    assert.equal(doneCount(answer), stream ? 1 : 0);
    const told = usageOf(answer);
    assert.deepEqual([told?.prompt_tokens, told?.completion_tokens], [21, 4]);
    const received = server.received(machines.one.request(0));
    assert.equal(received.model, 'm', 'whatever the caller called it, the server hears the name of the policy');
    assert.deepEqual(received.turns, ['user hi']);
    const [terminal] = under.terminals;
    assert.deepEqual([terminal?.verdict, terminal?.servedBy], ['ok', 'one/m']);
  });

  forEachKind(`what it thinks, ${form}, stays apart from what it says`, async (t, contracted) => {
    const { under } = await stageOf(t, contracted, saying(contracted.server, { reasoning: ['two and ', 'two'], text: ['four'] }));
    const answer = await under.ask({ stream }).done;
    assert.equal(contentOf(answer), 'four');
    const thought = payloadsOf(answer).flatMap(({ choices }) =>
      (choices ?? []).map(({ delta, message }) => (delta ?? message ?? {}) as { reasoning?: string }),
    );
    assert.equal(reasoningOf(answer) || thought.map(({ reasoning }) => reasoning ?? '').join(''), 'two and two');
  });

  forEachKind(`two tool calls at once, ${form}, there and back`, async (t, contracted) => {
    const { server } = contracted;
    const cities = ['Oslo', 'Rome } [DONE]'];
    const calls = cities.map((city, index) => ({
      id: `call_${index}`,
      name: 'weather',
      arguments: JSON.stringify({ city, unit: 'celsius' }).match(/.{1,4}/gs) ?? [],
    }));
    const { under, machines } = await stageOf(t, contracted, saying(server, { calls }));
    const tools = [
      { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } },
    ];
    const question = { role: 'user', content: 'hi' };
    const answer = await under.ask({ stream, tools, messages: [question] }).done;
    const got = callsOf(answer);
    assert.deepEqual(
      got.map((call) => [call.name, call.arguments]),
      cities.map((city) => ['weather', { city, unit: 'celsius' }]),
    );
    assert.equal(new Set(got.map(({ id }) => id)).size, 2, 'each call has an id of its own');
    assert.ok(got.every(({ id }) => id !== ''));
    assert.equal(finishOf(answer), 'tool_calls');
    assert.deepEqual(server.received(machines.one.request(0)).tools, ['weather']);

    machines.one.handle(saying(server, { text: ['sunny'] }));
    const back = got.map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: JSON.stringify(call.arguments) },
    }));
    const results = got.map((call, index) => ({ role: 'tool', tool_call_id: call.id, content: `result ${index}` }));
    const messages = [question, { role: 'assistant', content: null, tool_calls: back }, ...results];
    assert.equal(contentOf(await under.ask({ stream, tools, messages }).done), 'sunny');
    const heard = server.received(machines.one.request(1)).turns.join('\n');
    for (const part of ['weather{"city":"Oslo"', 'weather{"city":"Rome } [DONE]"', 'result 0', 'result 1'])
      assert.ok(heard.includes(part), heard);
  });

  forEachKind(`another model than the one asked for is named, ${form}, in the answer and in the record`, async (t, contracted) => {
    const { under } = await stageOf(t, contracted, saying(contracted.server, { text: ['hm'] }, 'another'));
    const answer = await under.ask({ stream }).done;
    assert.equal(contentOf(answer), 'hm');
    const models = payloadsOf(answer).map((payload) => (payload as { model?: string }).model);
    assert.deepEqual([...new Set(models)], ['another'], 'the reply names who answered');
    assert.equal(under.terminals[0]?.attempts[0]?.model, 'another');
    assert.equal(answer.headers['x-gatehouse-model'], 'm', 'and the head who was asked');
  });
}

forEachKind('usage nobody asked for is in the record and not in the stream', async (t, contracted) => {
  const { under } = await stageOf(t, contracted, saying(contracted.server, { text: ['one'] }));
  const answer = await under.ask({ stream: true }).done;
  assert.equal(payloadsOf(answer).filter((payload) => payload.choices?.length === 0).length, 0);
  const used = under.terminals[0]?.usage;
  assert.deepEqual([used?.input, used?.output], [21, 4]);
});
