/**
 * Decides generated cases and prints one SHA-256 over all decisions and walks: `node decide-cases.ts <seed> <shuffle> <date> <log>`.
 * The cases come from the seed alone; the order of keys, wherever it has no meaning, from `shuffle`; the clock is set to `date`. The
 * log gets what replaying needs: policies, facts and what happened, a line each.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mock } from 'node:test';
import { loadPolicy } from '#config/load.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { factsOf } from '#gateway/stages/classify.ts';
import { identify } from '#gateway/stages/identify.ts';
import { receive } from '#gateway/stages/receive.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import { accountOf } from './account.ts';
import { randomEvent } from './random-fleet.ts';
import { casesOf } from './cases.ts';
import { shuffled } from './random-house.ts';
import type { RandomRequest } from './random-house.ts';

const [seed = '1', shuffle = '1', date = '0', logPath = ''] = process.argv.slice(2);
mock.timers.enable({ apis: ['Date'], now: Number(date) });

/** Dice for the order of keys, apart from those of the cases. */
let state = Number(shuffle);
const next = (): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return state / 2 ** 32;
};
/** Order has a meaning where names are listed; only inside an upstream, a model, a route, a bucket and a profile it has none. */
const ordered = (path: readonly string[]): boolean =>
  ['upstreams', 'routes', 'classify', 'profiles'].includes(path.at(-1) ?? '') || path.at(-1) === 'models';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const hash = createHash('sha256');
const log = createWriteStream(logPath);
const seen = { cases: 0, refused: 0, walked: 0, hour: new Date(Date.now()).getHours(), text: (1234.5).toLocaleString() };

for (const { policy, requests, g } of casesOf(Number(seed))) {
  const loaded = loadPolicy(JSON.stringify(shuffled(policy, next, ordered)), { file: 'case.yaml', folder: '.', env: {} });
  if (!loaded.ok)
    throw new Error(`a generated policy does not load: ${JSON.stringify(loaded.problems)}\n${JSON.stringify(policy, null, 1)}`);
  const tables = tablesOf(loaded.policy, loaded.hash);
  log.write(`${JSON.stringify({ policy: loaded.policy, hash: loaded.hash })}\n`);
  for (const request of requests) {
    seen.cases++;
    const facts = read(request, tables);
    if (isGatewayError(facts)) {
      seen.refused++;
      hash.update(JSON.stringify(facts));
      log.write(`${JSON.stringify({ refused: facts })}\n`);
      continue;
    }
    const account = accountOf(facts, tables, (action) => randomEvent(g, action));
    seen.walked += account.walks.length;
    hash.update(JSON.stringify(account));
    log.write(`${JSON.stringify({ policyHash: account.policyHash, facts, walks: account.walks.map((walk) => walk.events) })}\n`);
  }
}

/** The way of a request through the first stages, up to its facts. */
function read(request: RandomRequest, tables: PolicyTables): Facts | GatewayError {
  const received = receive(request.headers, false);
  if (isGatewayError(received)) return received;
  const identified = identify({ id: 'key', profile: request.profile, operator: false }, received, tables);
  if (isGatewayError(identified)) return identified;
  const asked = openaiChatSurface.read(JSON.stringify(shuffled(request.body, next, () => false)));
  return isGatewayError(asked) ? asked : factsOf(asked, openaiChatSurface, { received, identified, tables, digest: sha });
}

log.end(() => console.log(JSON.stringify({ hash: hash.digest('hex'), ...seen })));
