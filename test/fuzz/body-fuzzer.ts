import { Agent, request as httpRequest } from 'node:http';
import { errorCatalog } from '#core/errors/catalog.ts';
import { canaries, startGuardedHouse } from '#test/bad-input/guarded-house.ts';
import type { GuardedHouse } from '#test/bad-input/guarded-house.ts';
import { answering } from '#test/e2e/model-server.ts';
import { invalidRequestScript } from '#upstreams/scripted/refusal-script.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import { isJsonArray, isJsonObject } from '#upstreams/scripted/script.ts';
import { clientRequests } from './client-requests.ts';
import { FuzzFailure, count, most } from './fuzzer.ts';
import type { Fuzzer, Leg } from './fuzzer.ts';
import { jsonText, mutateJson } from './mutate-json.ts';
import { mutateBytes } from './mutate.ts';
import { stallMsMax } from './stall.ts';

const atOnce = 32;
const statusOf: ReadonlyMap<string, number> = new Map(Object.entries(errorCatalog).map(([code, row]) => [code, row.status]));

interface Sent {
  readonly at: number;
  readonly path: string;
  readonly body: Buffer;
}

/** Requests of real clients with their structure and their bytes changed, asked of a gatehouse over sockets. */
export function bodyFuzzer(): Fuzzer {
  return {
    name: 'bodies',
    share: 10,
    legInputs: 10_000,
    run: async (leg) => {
      const house = await startGuardedHouse(takesAnything());
      const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
      try {
        const refused = new Set<number>();
        let next = leg.from;
        const work = async (): Promise<void> => {
          while (next < leg.to) await tryOne(house, agent, { leg, at: next++, refused });
        };
        await Promise.all(Array.from({ length: atOnce }, work));
        checkDials(house, refused);
        await checkHouse(house, leg);
      } finally {
        agent.destroy();
        await house.close();
      }
    },
  };
}

/** Asks of the house at a leg's end that it is innocent, never stood still, and answers. */
export async function checkHouse(house: GuardedHouse, { from, counts }: Leg): Promise<void> {
  const self = await house.checkInnocence(null);
  most(counts, 'stallMsMost', self.stallMs);
  most(counts, 'wallStallMsMost', self.wallStallMs);
  if (self.stallMs > stallMsMax) throw new FuzzFailure(from, `the loop stood still for ${self.stallMs} ms`, 'somewhere in this leg');
  await house.answersWell();
}

async function tryOne(
  house: GuardedHouse,
  agent: Agent,
  { leg, at, refused }: { readonly leg: Leg; readonly at: number; readonly refused: Set<number> },
): Promise<void> {
  const sent = inputAt(leg, at);
  const fail = (what: string): never => {
    throw new FuzzFailure(at, `${sent.path}: ${what}`, sent.body.toString('latin1'));
  };
  const { status, text } = await ask(house, agent, sent).catch((error: unknown) => fail(`no answer: ${String(error)}`));
  count(leg.counts, String(status));
  if (status === 200) return;
  const { error }: { readonly error: { readonly code: string; readonly message: string } } = JSON.parse(text);
  if (statusOf.get(error.code) !== status || error.code === 'internal') fail(`${status} ${text}`);
  if (status < 500 && error.code !== 'upstream_rejected') refused.add(at);
  // A name that is asked for is repeated where there is none like it, and a field that stands there twice.
  const repeats = error.code === 'model_not_found' || error.message.includes('twice');
  for (const secret of [canaries.upstreamKey, canaries.environment, house.key, ...(repeats ? [] : [canaries.body])])
    if (text.includes(secret)) fail(`a secret comes back: ${text}`);
}

function inputAt(leg: Leg, at: number): Sent {
  const dice = leg.dice(at);
  const { path, body } = dice.pick(clientRequests);
  const changed = dice.chance(0.85) ? mutateJson(body, dice) : structuredClone(body);
  const text = jsonText(changed, dice).replace(/\}\s*$/, `,"input_mark":"${markOf(at)}"}`);
  const bytes = Buffer.from(text);
  return { at, path, body: dice.chance(0.2) ? mutateBytes(bytes, dice) : bytes };
}

function ask(house: GuardedHouse, agent: Agent, { path, body }: Sent): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { authorization: `Bearer ${house.key}`, 'content-type': 'application/json', 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: house.port, path, method: 'POST', agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => void parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** The name of an input, in a form that no changed byte turns into the name of another. */
function markOf(at: number): string {
  return `m${at}x${(Math.imul(at + 1, 0x9e3779b1) >>> 0).toString(36)}m`;
}

/** What was refused must not have been heard of by the machine. */
function checkDials(house: GuardedHouse, refused: ReadonlySet<number>): void {
  for (const chat of house.machine.chats()) {
    const mark = /"input_mark":"(m(\d+)x\w+m)"/.exec(chat.bodyText);
    const at = Number(mark?.[2]);
    if (mark?.[1] === markOf(at) && refused.has(at)) throw new FuzzFailure(at, 'it was refused, and reached the machine', chat.bodyText);
  }
}

/** A machine that answers whatever it is asked in the form that was asked for, and refuses politely what it cannot. */
function takesAnything(): ScriptHandler {
  const words = answering({ model: 'reader-8b', text: 'read' });
  return (request) => {
    const { json } = request;
    if (!isJsonObject(json)) return invalidRequestScript('no object');
    if (request.path !== '/v1/embeddings') {
      const { n = 1, response_format: format = null } = json;
      if ((n !== null && n !== 1) || format !== null) return invalidRequestScript('not that');
      return typeof words === 'function' ? words(request) : words;
    }
    const { input = null } = json;
    const several = isJsonArray(input) && typeof input[0] !== 'number' ? input.length : 1;
    const data = Array.from({ length: several }, (_, index) => ({ object: 'embedding', index, embedding: [0.5, 1] }));
    return [
      { do: 'header', name: 'content-type', value: 'application/json' },
      { do: 'body', bytes: JSON.stringify({ object: 'list', data, model: 'embedder', usage: { prompt_tokens: 1, total_tokens: 1 } }) },
    ];
  };
}
