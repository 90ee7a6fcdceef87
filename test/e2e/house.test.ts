/** A whole house over real HTTP: what an operator and several callers see of it. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chatChunks, chatStreamHead } from '#upstreams/scripted/chat-script.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { busyScript } from '#upstreams/scripted/refusal-script.ts';
import { answering } from './model-server.ts';
import { rawAnswer, rawExchange } from './raw-exchange.ts';
import { startHouseOnLoopback } from './running-house.ts';
import type { HouseOnLoopback } from './running-house.ts';

test('what machines said of themselves keeps no closed house alive', async (t) => {
  const before = timers();
  const house = await startHouseOnLoopback(t, { one: { does: busyScript(60) } }, onePolicy);
  assert.equal((await ask(house)).status, 429);
  await house.house().close(0);
  assert.equal(timers(), before);
});

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

const onePolicy = (urls: { readonly one: string }): string => `
version: 1
house: home
upstreams: { one: { kind: vllm, url: '${urls.one}', slots: 3, models: { one: { context: 32k } } } }
routes: { chat: { target: one } }
`;

const ask = (house: HouseOnLoopback<never>, more: { readonly key?: string; readonly body?: object } = {}): ReturnType<typeof rawAnswer> =>
  rawAnswer(`${house.origin()}/v1/chat/completions`, {
    key: more.key ?? house.key,
    body: { model: 'home/chat', messages: [{ role: 'user', content: 'hello' }], ...more.body },
  });
