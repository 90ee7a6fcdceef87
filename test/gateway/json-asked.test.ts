/** A strict JSON schema was asked for and the model talks instead: judged bad wherever nothing of it is out yet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers } from './machines.ts';
import { contentOf, errorOf } from './read-answer.ts';
import { setStage } from './stage.ts';

const schema = { name: 'verdict', schema: { type: 'object', properties: { verdict: { type: 'string' } } } };
const strict = { response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } } };
const prose = 'Of course! The verdict is: nothing.';
const json = '{"verdict":"nothing"}';
const cameras = { cameras: { exhausted: { reply: { verdict: 'escalate' } }, commit: 'end' as const } };

for (const stream of [false, true]) {
  const form = stream ? 'a stream that is held to its end' : 'a whole answer';
  test(`${form}: no JSON is no answer, another model is asked`, async (t) => {
    const { under } = await setStage(t, { machines: { one: answers(prose), two: answers(json) }, profiles: cameras });
    const answer = await under.ask({ stream, ...strict }).done;
    assert.equal(contentOf(answer), json);
    assert.deepEqual(
      under.terminals[0]?.attempts.map(({ verdict }) => verdict),
      ['not_as_asked', 'ok'],
    );
  });

  test(`${form}: where nobody keeps to the schema, the profile’s own reply is told`, async (t) => {
    const { under } = await setStage(t, { machines: { one: answers(prose), two: answers('```json\n{}\n```') }, profiles: cameras });
    const answer = await under.ask({ stream, ...strict }).done;
    assert.deepEqual([answer.status, JSON.parse(contentOf(answer))], [200, { verdict: 'escalate' }]);
    assert.deepEqual([under.terminals[0]?.verdict, under.terminals[0]?.servedBy], ['synthetic', null]);
  });
}

test('without a reply of its own the profile’s caller hears what was wrong', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers(prose) } });
  const answer = await under.ask(strict).done;
  assert.deepEqual([answer.status, errorOf(answer)?.code], [502, 'upstream_not_as_asked']);
});

test('a schema that is a wish, a stream that is out already, and plain requests are not judged by it', async (t) => {
  const { under } = await setStage(t, { machines: { one: answers(prose) } });
  const wish = { response_format: { type: 'json_schema', json_schema: schema } };
  for (const body of [wish, { response_format: { type: 'json_object' } }, {}, { ...strict, stream: true }])
    assert.equal(contentOf(await under.ask(body).done), prose);
});

test('talking where JSON was asked for takes the machine from nobody', async (t) => {
  const { under, machines } = await setStage(t, { machines: { one: answers(prose), two: answers(json) } });
  for (const content of ['a', 'b', 'c', 'd']) await under.ask({ ...strict, messages: [{ role: 'user', content }] }).done;
  assert.equal(contentOf(await under.ask({}).done), prose);
  assert.equal(machines.one.requests.length, 5);
});
