/**
 * How many recorded calls a backtest decides again in a second, from the facts that the record has of them. Prints that number, by the processor
 * time it took.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from 'node:crypto';
import { loadPolicy } from '#config/load.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { decide } from '#core/routing/decide.ts';
import { factsOf } from '#gateway/stages/classify.ts';
import { identify } from '#gateway/stages/identify.ts';
import { receive } from '#gateway/stages/receive.ts';
import { Backtest } from '#replay/backtest.ts';
import type { RecordedCall } from '#replay/recorded-call.ts';
import { ROOT } from '#scripts/tree.ts';
import { attemptWith, intentWith, terminalWith } from '#store/record-fixture.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import { answeredWalk } from './answered-walk.ts';

const calls = 300_000;
const questions = [
  'refactor this function',
  'which valve closes first?',
  'run pytest once more',
  'good morning',
  'look at this screenshot',
];

function tablesWith(change: (text: string) => string): PolicyTables {
  const text = readFileSync(join(ROOT, 'bench/house.yaml'), 'utf8').replaceAll('MODEL_PORT', '8001');
  const loaded = loadPolicy(change(text), { file: 'bench/house.yaml', folder: ROOT, env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return tablesOf(loaded.policy, loaded.hash);
}

/** A call as it is read from the record: without its text, and nothing in it shared with another. */
function recorded(question: string, tables: PolicyTables): RecordedCall {
  const asked = openaiChatSurface.read(JSON.stringify({ model: 'bench/auto', messages: [{ role: 'user', content: question }] }));
  const received = receive({}, false);
  if (isGatewayError(asked) || isGatewayError(received)) throw new Error('the request was refused');
  const identified = identify({ id: 'k_bench', profile: 'personal', operator: false }, received, tables);
  if (isGatewayError(identified)) throw new Error(identified.message);
  const facts = factsOf(asked, openaiChatSurface, { received, identified, tables, digest: (text) => hash('sha256', text) });
  const target = 'model/qwen3-30b-a3b';
  const intent = intentWith({ surface: openaiChatSurface.name, facts, policyHash: tables.hash, decision: decide(facts, tables) });
  const terminal = terminalWith({
    walks: [answeredWalk(target)],
    attempts: [attemptWith({ target })],
    servedBy: target,
    costNano: 81_200,
  });
  const call: Omit<RecordedCall, 'requestText'> = JSON.parse(JSON.stringify({ intent, terminal }));
  return { ...call, requestText: null };
}

const from = tablesWith((text) => text);
const to = tablesWith((text) => text.replace('chat: { target: model/qwen3-30b-a3b', 'chat: { target: studio/gemma-3-27b'));
const kept = questions.map((question) => recorded(question, from));

function decisionsPerSecond(): number {
  const run = new Backtest((policyHash) => (policyHash === from.hash ? from : null), to);
  const before = process.cpuUsage();
  for (let n = 0; n < calls; n++) {
    const call = kept[n % kept.length];
    if (call) run.add(call);
  }
  const { user, system } = process.cpuUsage(before);
  const { redecided, moved } = run.report();
  if (redecided !== calls || moved.length === 0) throw new Error(`${redecided} of ${calls} were decided again, ${moved.length} moves`);
  return calls / ((user + system) / 1e6);
}

decisionsPerSecond();
console.log(decisionsPerSecond());
