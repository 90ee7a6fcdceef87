/**
 * What a decision costs: the bytes of a request are read, its facts are made, its words are looked for, its route is decided. Prints one
 * line of JSON: for each length of the prompt, in characters, the middle and the 99th percentile in microseconds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from 'node:crypto';
import { systemClock } from '#compose/system-clock.ts';
import { loadPolicy } from '#config/load.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { decide } from '#core/routing/decide.ts';
import type { Incoming } from '#gateway/ports.ts';
import { classify } from '#gateway/stages/classify.ts';
import { identify } from '#gateway/stages/identify.ts';
import { receive } from '#gateway/stages/receive.ts';
import { ROOT } from '#scripts/tree.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import { percentile } from './figure.ts';

const sizes = [1_000, 8_000, 64_000, 256_000, 1_000_000];
/** Prose without any of the policy's words, so that nothing ends the search early. */
const prose = 'Which of the two valves has to close first when the pump is stopped by hand, and why is that so? ';

function tablesOfBench(): PolicyTables {
  const text = readFileSync(join(ROOT, 'bench/house.yaml'), 'utf8').replaceAll('MODEL_PORT', '8001');
  const loaded = loadPolicy(text, { file: 'bench/house.yaml', folder: ROOT, env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return tablesOf(loaded.policy, loaded.hash);
}

const tables = tablesOfBench();

async function decideOn(bytes: Uint8Array): Promise<string | null> {
  const received = receive({}, false);
  if (isGatewayError(received)) throw new Error(received.message);
  const identified = identify({ id: 'k_bench', profile: 'personal', operator: false }, received, tables);
  if (isGatewayError(identified)) throw new Error(identified.message);
  const incoming: Pick<Incoming, 'readBody'> = { readBody: () => Promise.resolve(bytes) };
  const digest = (text: string): string => hash('sha256', text);
  const classified = await classify(openaiChatSurface, incoming as Incoming, { received, identified, tables, digest, clock: systemClock });
  if (classified === null || isGatewayError(classified)) throw new Error('the request was refused');
  return decide(classified.facts, tables).route;
}

async function costOf(chars: number): Promise<{ readonly chars: number; readonly p50: number; readonly p99: number }> {
  const content = prose.repeat(Math.ceil(chars / prose.length)).slice(0, chars);
  const bytes = Buffer.from(JSON.stringify({ model: 'bench/auto', messages: [{ role: 'user', content }], stream: true }));
  const runs = Math.max(200, Math.min(5_000, 100_000_000 / chars));
  const took: number[] = [];
  for (let run = 0; run < runs * 1.2; run++) {
    const before = process.hrtime.bigint();
    const route = await decideOn(bytes);
    took.push(Number(process.hrtime.bigint() - before) / 1_000);
    if (route !== 'chat') throw new Error(`routed to ${route}`);
  }
  // The first runs are the compiler's.
  const warm = took.slice(Math.floor(runs * 0.2));
  return { chars, p50: percentile(warm, 0.5), p99: percentile(warm, 0.99) };
}

for (let warm = 0; warm < 2; warm++) await costOf(1_000);
const costs = [];
for (const chars of sizes) costs.push(await costOf(chars));
console.log(JSON.stringify(costs));
