import { canaries, startGuardedHouse } from '#test/bad-input/guarded-house.ts';
import type { GuardedHouse } from '#test/bad-input/guarded-house.ts';
import { rawTalk } from '#test/bad-input/raw-talk.ts';
import type { RawAnswer } from '#test/bad-input/raw-talk.ts';
import type { Dice } from '#test/sim/random.ts';
import { checkHouse } from './body-fuzzer.ts';
import { FuzzFailure, count } from './fuzzer.ts';
import type { Fuzzer, Leg } from './fuzzer.ts';
import { mutateBytes, mutateText } from './mutate.ts';

/** Conversations at once. */
const atOnce = 16;
/** Requests that are sent ahead on one connection. */
const ahead = 8;

/** Makes the bytes of one input; `key` is the house's. */
type Make = (dice: Dice, key: string) => Buffer;

/** Whole requests with their bytes changed: none of them may reach a machine, for none has a key that is good for a model. */
export const requestFuzzer = (): Fuzzer => wireFuzzer('requests', 13, { make: anyRequest, ahead: 1 });
/** Targets. */
export const targetFuzzer = (): Fuzzer => wireFuzzer('targets', 13, { make: anyTarget, ahead });
/** Lines of heads. */
export const headFuzzer = (): Fuzzer => wireFuzzer('heads', 12, { make: anyHead, ahead });

function wireFuzzer(name: string, share: number, options: { readonly make: Make; readonly ahead: number }): Fuzzer {
  return {
    name,
    share,
    legInputs: 20_000,
    run: async (leg) => {
      const house = await startGuardedHouse();
      try {
        let next = leg.from;
        const work = async (): Promise<void> => {
          while (next < leg.to) {
            const first = next;
            next = Math.min(leg.to, next + options.ahead);
            await tryAll(house, leg, { first, after: next, make: options.make });
          }
        };
        await Promise.all(Array.from({ length: atOnce }, work));
        if (house.machine.chats().length > 0)
          throw new FuzzFailure(leg.from, 'a machine was dialled', house.machine.chats()[0]?.bodyText ?? '');
        await checkHouse(house, leg);
      } finally {
        await house.close();
      }
    },
  };
}

/** Sends inputs ahead on one connection; what comes after an input that ends the connection is sent on another. */
async function tryAll(
  house: GuardedHouse,
  leg: Leg,
  { first, after, make }: { readonly first: number; readonly after: number; readonly make: Make },
): Promise<void> {
  const inputs = Array.from({ length: after - first }, (_, index) => make(leg.dice(first + index), house.key));
  let at = 0;
  while (at < inputs.length) {
    const rest = inputs.slice(at);
    const { text, answers } = await rawTalk(house.port, Buffer.concat(rest), { halfClosed: true }).catch((error: unknown) => {
      throw new FuzzFailure(first + at, String(error), Buffer.concat(rest).toString('latin1'));
    });
    if (answers.length === 0) count(leg.counts, 'cut');
    for (const [index, answer] of answers.entries()) check(leg, { at: first + at + index, answer, input: rest[index] ?? Buffer.alloc(0) });
    for (const secret of [...Object.values(canaries), house.key])
      if (text.includes(secret)) throw new FuzzFailure(first + at, `a secret comes back: ${text}`, Buffer.concat(rest).toString('latin1'));
    at += Math.max(1, answers.length);
  }
}

function check(leg: Leg, { at, answer, input }: { readonly at: number; readonly answer: RawAnswer; readonly input: Buffer }): void {
  count(leg.counts, String(answer.status));
  const fail = (what: string): never => {
    throw new FuzzFailure(at, `${what}\n${answer.head}\n\n${answer.body}`, input.toString('latin1'));
  };
  if (answer.status >= 500) fail('a fault of its own');
  if (/\r\n(?:set-cookie|location|x-injected)/i.test(answer.head)) fail('a line of the head that nobody wrote');
  if (answer.body.includes('"keys"') || answer.body.includes('createdAt')) fail('what is for the operator');
}

const targets = [
  '/',
  '/healthz',
  '/readyz',
  '/v1/models',
  '/v1/models/keep/chat',
  '/v1/models/keep%2Fchat',
  '/v1/chat/completions',
  '/metrics',
  '/stats?a=b&c=d',
  '/admin/keys',
  '/admin/status',
  '/admin/drain/reader',
  '/v1/../admin/keys',
  '//admin/keys',
  '/%61dmin/keys',
  '/v1/models/..%2f..%2fadmin',
  'http://localhost/admin/keys',
  '/?key=gh_x',
];
const methods = ['GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE'];

function anyTarget(dice: Dice, key: string): Buffer {
  const target = mutateText(dice.pick(targets), dice).replaceAll(/[\r\n]/g, '');
  return Buffer.from(`${dice.pick(methods)} ${target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\n\r\n`);
}

const lines = [
  'host: localhost',
  'Host: evil.example',
  'authorization: Bearer gh_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  `x-api-key: ${canaries.header}`,
  `x-secret: ${canaries.header}`,
  'x-gatehouse-route: chat',
  'x-gatehouse-tier: sovereign',
  'x-gatehouse-task: a%0d%0ax-injected: b',
  'x-gatehouse-session: 5',
  'x-gatehouse-upstream: reader',
  'origin: http://localhost',
  'content-type: application/json; charset=utf-8',
  'content-encoding: gzip',
  'expect: 100-continue',
  'connection: close',
  'connection: upgrade',
  'upgrade: websocket',
  'transfer-encoding: chunked',
  'content-length: 3',
  'accept: text/html',
  'range: bytes=0-',
  'if-none-match: *',
  'cookie: a=b',
  '__proto__: a',
  'constructor: b',
  'x-forwarded-host: evil.example',
];

function anyHead(dice: Dice): Buffer {
  const some = Array.from({ length: dice.pick([1, 2, 3, 8, 120]) }, () => dice.pick(lines));
  const head = ['host: localhost', ...some].map((line) => (dice.chance(0.4) ? mutateText(line, dice) : line));
  return Buffer.from(`GET ${dice.pick(targets)} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`, dice.pick(['latin1', 'utf8'] as const));
}

const body = '{"model":"keep/chat","messages":[{"role":"user","content":"x"}]}';
const requests = [
  'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
  `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer gh_none\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)};a=b\r\n${body}\r\n0\r\nx-a: b\r\n\r\n`,
  `POST /v1/embeddings HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\nHEAD / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n',
];

function anyRequest(dice: Dice): Buffer {
  const bytes = Buffer.from(dice.pick(requests));
  return dice.chance(0.1) ? Buffer.from(Array.from({ length: dice.int(1, 200) }, () => dice.int(0, 255))) : mutateBytes(bytes, dice);
}
