import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { StartOptions } from '#compose/start-house.ts';
import type { Terminal } from '#core/record/record.ts';
import { answering } from '#test/e2e/model-server.ts';
import { rawAnswer } from '#test/e2e/raw-exchange.ts';
import { startHouseOnLoopback } from '#test/e2e/running-house.ts';
import type { HouseOnLoopback } from '#test/e2e/running-house.ts';
import { rawClient } from '#test/http/stage.ts';
import type { RawClient } from '#test/http/stage.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';

type Lab = HouseOnLoopback<'machine'>;

/** A house with one machine of one slot, and callers who do not behave. */
export interface AbusedHouse {
  readonly lab: Lab;
  readonly machine: Lab['machines']['machine'];
  /** A connection that does nothing by itself. */
  connect(): Promise<RawClient>;
  /** Somebody who behaves is answered. */
  answersWell(): Promise<void>;
  /** The record of the first call that passes, as soon as it is there. */
  terminal(passes?: (terminal: Terminal) => boolean): Promise<Terminal>;
  /** Slots held now. */
  slotsInUse(): Promise<number>;
}

/** Starts one; what is not said answers in one word. */
export async function startAbusedHouse(
  t: TestContext,
  does: Script | ScriptHandler = answering({ text: 'fine' }),
  more: Pick<StartOptions, 'clock' | 'limits'> = {},
): Promise<AbusedHouse> {
  const policy = ({ machine }: { readonly machine: string }): string => `
version: 1
house: den
upstreams:
  machine: { kind: vllm, url: ${machine}, slots: 1, models: { machine: { context: 32k } } }
routes:
  chat: { target: machine }
profiles:
  family: { tier: sovereign, exhausted: { queue: 30m } }
`;
  const lab = await startHouseOnLoopback(t, { machine: { does } }, policy, more);
  const calls = (): readonly Terminal[] => lab.told.flatMap(({ happening }) => (happening.type === 'request' ? [happening.terminal] : []));
  return {
    lab,
    machine: lab.machines.machine,
    connect: () => rawClient(t, { type: 'tcp', host: '127.0.0.1', port: lab.port() }),
    answersWell: async () => {
      const { status, text } = await rawAnswer(`${lab.origin()}/v1/chat/completions`, { key: lab.key, body: chatOf({}) });
      assert.equal(status, 200, text);
    },
    terminal: async (passes = () => true) => {
      await lab.untilTold(() => calls().some(passes));
      const terminal = calls().find(passes);
      assert.ok(terminal);
      return terminal;
    },
    slotsInUse: async () => {
      const { text } = await lab.operator('GET', '/admin/upstreams');
      const { slotsInUse }: { readonly slotsInUse: number } = JSON.parse(text);
      return slotsInUse;
    },
  };
}

export function chatOf(more: object): object {
  return { model: 'den/chat', messages: [{ role: 'user', content: 'hello' }], ...more };
}

/** A chat request as bytes. `length`: what its head says of its body, where that is not the truth. */
export function chatBytes(key: string | null, body: object | string, length?: number): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const auth = key === null ? '' : `authorization: Bearer ${key}\r\n`;
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${auth}content-type: application/json\r\ncontent-length: ${length ?? Buffer.byteLength(text)}\r\n\r\n${text}`;
}
