import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatStream, chatWhole } from '#upstreams/scripted/chat-script.ts';
import { startScriptedServer } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { startHouseUnderTest } from './house-under-test.ts';

test('a streamed answer passes through byte for byte', async () => {
  const script: Script = chatStream({ model: 'm', text: 'Hello there' });
  const server = await startScriptedServer(() => script);
  const under = await startHouseUnderTest(`
version: 1
house: home
upstreams:
  one: { kind: scripted, url: ${server.url}, slots: 1, models: { m: { context: 8k } } }
routes:
  chat: { target: one }
`);
  const answer = await under.ask({ model: 'home/chat', stream: true, messages: [{ role: 'user', content: 'hi' }] }).done;
  console.log(answer, under.terminals, under.trail);
  assert.equal(answer.status, 200);
  const whole = await under.ask({ model: 'home/chat', messages: [{ role: 'user', content: 'hi' }] }).done;
  console.log(whole);
  under.close();
  await server.close();
  void chatWhole;
});
