/** What goes wrong at every kind of server, in that server's own words, means the same to the house. */
import assert from 'node:assert/strict';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { redirectScript } from '#upstreams/scripted/refusal-script.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { inTurn } from '#test/gateway/machines.ts';
import { contentOf, doneCount, errorOf } from '#test/gateway/read-answer.ts';
import { forEachKind, stageOf } from './each-kind.ts';
import type { Refusals } from './fixture.ts';

const said = { model: 'm', usage: { input: 3, output: 1 } };

forEachKind('a stream cut in the middle of an event after a word ends in an error, and in no terminator', async (t, contracted) => {
  const { server } = contracted;
  const cut = server.wordEvent('half').slice(0, -9);
  const { under, machines } = await stageOf(t, contracted, [
    ...server.begin({ ...said, text: ['first '] }),
    { do: 'body', bytes: cut },
    { do: 'fin' },
  ]);
  const answer = await under.ask({ stream: true }).done;
  assert.equal(contentOf(answer), 'first ');
  assert.ok(errorOf(answer));
  assert.equal(doneCount(answer), 0);
  assert.equal(machines.two.requests.length, 0, 'nothing is spliced');
  assert.equal(under.terminals[0]?.result, 'failed');
});

forEachKind('a stream cut before its first word is made good by the next machine', async (t, contracted) => {
  const { server } = contracted;
  const { under } = await stageOf(t, contracted, [
    ...server.begin(said),
    { do: 'body', bytes: server.wordEvent('half').slice(0, -9) },
    { do: 'fin' },
  ]);
  const answer = await under.ask({ stream: true }).done;
  assert.equal(contentOf(answer), 'from two');
  assert.equal(under.terminals[0]?.attempts[0]?.result, 'failed');
});

forEachKind('a stream that just stops is no answer', async (t, contracted) => {
  const { server } = contracted;
  const { under } = await stageOf(t, contracted, [...server.begin({ ...said, text: ['first '] })]);
  const answer = await under.ask({ stream: true }).done;
  assert.ok(errorOf(answer));
  assert.equal(under.terminals[0]?.verdict, 'truncated');
});

forEachKind('an error inside a 200: before a word the next machine, after it an error', async (t, contracted) => {
  const { server } = contracted;
  const error = { do: 'body', bytes: server.errorEvent } as const;
  const does = inTurn([...server.begin(said), error], [...server.begin({ ...said, text: ['first '] }), error]);
  const { under } = await stageOf(t, contracted, does);
  assert.equal(contentOf(await under.ask({ stream: true }).done), 'from two');
  const answer = await under.ask({ stream: true }).done;
  assert.equal(contentOf(answer), 'first ');
  assert.equal(errorOf(answer)?.code, 'upstream_stream_broken');
});

forEachKind('an error as the body of a 200 is no answer', async (t, contracted) => {
  const { under } = await stageOf(t, contracted, [{ do: 'json', value: contracted.server.errorBody }]);
  assert.equal(contentOf(await under.ask().done), 'from two');
  assert.equal(under.terminals[0]?.attempts[0]?.verdict, 'stream_broken');
});

forEachKind('an empty answer, streamed or whole, is none', async (t, contracted) => {
  const { server } = contracted;
  const does: ScriptHandler = (request) => server.answer({ ...said, text: [] }, server.received(request).stream);
  const { under } = await stageOf(t, contracted, does);
  for (const stream of [true, false]) assert.equal(contentOf(await under.ask({ stream }).done), 'from two');
  assert.deepEqual(
    under.terminals.map(({ attempts }) => attempts[0]?.verdict),
    ['empty', 'empty'],
  );
});

const refusals: readonly [name: string, of: (all: Refusals) => Script | null, result: string, asksAgain: boolean][] = [
  ['is loading', (all) => all.loading, 'loading', false],
  ['is busy', (all) => all.busy, 'busy', false],
  ['finds the prompt too long', (all) => all.tooLong, 'too_long', true],
  ['does not have the model', (all) => all.absent, 'absent', false],
  ['refuses our key', (all) => all.unauthorised, 'failed', true],
  ['has crashed', (all) => all.crashed, 'crashed', true],
  ['redirects', () => redirectScript('http://169.254.169.254/latest'), 'failed', true],
];
for (const [name, of, result, asksAgain] of refusals) {
  forEachKind(
    `a server that ${name} is left for the next one`,
    async (t, contracted) => {
      const { under, machines } = await stageOf(t, contracted, of(contracted.server.refusals) ?? []);
      assert.equal(contentOf(await under.ask().done), 'from two');
      const [terminal] = under.terminals;
      assert.deepEqual(
        terminal?.attempts.map((attempt) => [attempt.target, attempt.result]),
        [
          ['one/m', result],
          ['two/m', 'answered'],
        ],
      );
      assert.equal(contentOf(await under.ask({ messages: [{ role: 'user', content: 'again' }] }).done), 'from two');
      assert.equal(machines.one.requests.length, asksAgain ? 2 : 1, asksAgain ? 'asked again' : 'not asked again at once');
    },
    ({ server }) => of(server.refusals) !== null,
  );
}

forEachKind('a key that is refused is an alarm', async (t, contracted) => {
  const { under } = await stageOf(t, contracted, contracted.server.refusals.unauthorised);
  await under.ask().done;
  assert.ok(under.happenings.some((happening) => happening.type === 'alarm' && /key/.test(happening.message)));
});
