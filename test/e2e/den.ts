import type { TestContext } from 'node:test';
import OpenAI from 'openai';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { answering } from './model-server.ts';
import { startHouseOnLoopback } from './running-house.ts';
import type { HouseOnLoopback } from './running-house.ts';

/** A house with a machine that reads, one that sees, and a key for each of two profiles. */
export type Den = HouseOnLoopback<'reader' | 'seer'>;

/** Models of the reader; one has a slash in its name, as servers name what they took from a hub. */
export const readerModel = 'qwen/reader-8b';
export const seerModel = 'seer-7b';

/** The policy of the den. */
export const denPolicy = (urls: Readonly<Record<'reader' | 'seer', string>>): string => `
version: 1
house: den
upstreams:
  reader:
    kind: vllm
    url: ${urls.reader}
    slots: 4
    clocks: { first_token: 300ms }
    models: { ${readerModel}: { context: 32k, tools: true, reasoning: true } }
  seer: { kind: vllm, url: ${urls.seer}, slots: 4, models: { ${seerModel}: { context: 8k, input: [text, image] } } }
routes:
  chat: { target: reader }
  vision: { target: seer }
classify:
  vision: { route: vision, words: [screenshot], image: true }
  other: { route: chat }
profiles:
  family: { tier: sovereign }
  readers: { tier: sovereign, routes: [chat] }
`;

/** Starts the den; what is not said answers in one word. */
export function startDen(
  t: TestContext,
  does: { readonly reader?: Script | ScriptHandler; readonly seer?: Script | ScriptHandler } = {},
): Promise<Den> {
  const settings = {
    reader: { models: [readerModel], does: does.reader ?? answering({ model: readerModel, text: 'read' }) },
    seer: { models: [seerModel], does: does.seer ?? answering({ model: seerModel, text: 'seen' }) },
  };
  return startHouseOnLoopback(t, settings, denPolicy);
}

/** The official client as anybody would set it up. */
export function clientOf(
  den: { readonly origin: () => string; readonly key: string },
  more: { readonly key?: string; readonly maxRetries?: number } = {},
): OpenAI {
  return new OpenAI({ baseURL: `${den.origin()}/v1`, apiKey: more.key ?? den.key, maxRetries: more.maxRetries ?? 0 });
}

/** A question for a model. */
export const question = (model = 'den/chat', content = 'hello'): { model: string; messages: { role: 'user'; content: string }[] } => ({
  model,
  messages: [{ role: 'user', content }],
});
