/**
 * How much room the record takes: a run of an agent over 100 turns, compared with the requests it sent, and many small calls. Prints JSON.
 * `node bench/record-space.bench.ts [calls]`; 100,000 calls if it is not said.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicy } from '#config/load.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { Terminal } from '#core/record/record.ts';
import { decide } from '#core/routing/decide.ts';
import { factsOf } from '#gateway/stages/classify.ts';
import { identify } from '#gateway/stages/identify.ts';
import { receive } from '#gateway/stages/receive.ts';
import { TermTask } from '#record/asking/terms.ts';
import { bodyKeeper } from '#record/bodies-keeper.ts';
import { bodiesSecret } from '#record/bodies-secret.ts';
import { Bodies } from '#record/bodies.ts';
import { openLog } from '#record/open-log.ts';
import type { LogWriter } from '#record/log-writer.ts';
import { startColumns } from '#record/projection.ts';
import { startEntry, terminalEntry } from '#record/spell-entry.ts';
import type { NewEntry } from '#record/writer-messages.ts';
import { ROOT } from '#scripts/tree.ts';
import { isStartProblem } from '#store/ports.ts';
import type { Said } from '#store/ports.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import { answeredWalk } from './answered-walk.ts';
import { percentile } from './figure.ts';

/** One call of the bench: what was asked and what was answered. */
interface Call {
  readonly request: string;
  readonly reply: string;
}

const callsAtOnce = 32;
const text = readFileSync(join(ROOT, 'bench/house.yaml'), 'utf8').replaceAll('MODEL_PORT', '8001');
const loaded = loadPolicy(text, { file: 'bench/house.yaml', folder: ROOT, env: {} });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const tables = tablesOf(loaded.policy, loaded.hash);
/** Words as they come in prose: some all the time, most now and then. */
const words = [...new Set(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8').match(/[a-z]{2,}/gi) ?? [])];
const sources = [
  'src/gateway/pipeline.ts',
  'src/core/routing/walk.ts',
  'src/record/log-writer.ts',
  'src/surfaces/openai-chat/assemble.ts',
].map((path) => readFileSync(join(ROOT, path), 'utf8'));
let seed = 7;

/** The same numbers in every run (mulberry32). */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

function prose(count: number): string {
  return Array.from({ length: count }, () => words[Math.floor(random() ** 2 * words.length)] ?? 'the').join(' ');
}

/** A piece of real source code, never the same. */
function code(chars: number): string {
  const source = sources[Math.floor(random() * sources.length)] ?? '';
  return source.slice(Math.floor(random() * Math.max(1, source.length - chars))).slice(0, chars);
}

function reply(message: object): string {
  const usage = { prompt_tokens: Math.floor(random() * 9_000), completion_tokens: Math.floor(random() * 400), total_tokens: 9_400 };
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: 'stop' }];
  return JSON.stringify({
    id: `chatcmpl-${randomBytes(12).toString('hex')}`,
    object: 'chat.completion',
    created: 1_795_000_000,
    model: 'qwen3-30b-a3b',
    choices,
    usage,
  });
}

function* smallCalls(count: number): Generator<Call> {
  const system = { role: 'system', content: prose(60) };
  for (let n = 0; n < count; n++) {
    const messages = [system, { role: 'user', content: prose(30) }];
    yield { request: JSON.stringify({ model: 'bench/auto', messages, temperature: 0.2 }), reply: reply({ content: prose(40) }) };
  }
}

/** A coding agent: a long system prompt, twenty tools, and each turn a call of a tool and what it returned, all of it sent again with the next. */
function* agentRun(turns: number): Generator<Call> {
  const tools = Array.from({ length: 20 }, (_, n) => ({
    type: 'function',
    function: {
      name: `tool_${n}`,
      description: prose(80),
      parameters: {
        type: 'object',
        properties: Object.fromEntries(Array.from({ length: 4 }, (_each, k) => [`field_${k}`, { type: 'string', description: prose(12) }])),
      },
    },
  }));
  const messages: object[] = [
    { role: 'system', content: prose(1_500) },
    { role: 'user', content: prose(120) },
  ];
  for (let turn = 0; turn < turns; turn++) {
    const id = `call_${randomBytes(12).toString('hex')}`;
    const called = {
      content: prose(25),
      tool_calls: [{ id, type: 'function', function: { name: `tool_${turn % 20}`, arguments: JSON.stringify({ field_0: code(200) }) } }],
    };
    yield { request: JSON.stringify({ model: 'bench/auto', messages, tools, stream: true, max_tokens: 8_192 }), reply: reply(called) };
    messages.push({ role: 'assistant', ...called }, { role: 'tool', tool_call_id: id, content: code(400 + Math.floor(random() * 3_000)) });
  }
}

/** The entries of a call, as the house writes them for one that the first machine answered. */
function entriesOf(call: Call, place: number): readonly NewEntry[] {
  const asked = openaiChatSurface.read(call.request);
  const received = receive({}, false);
  if (isGatewayError(asked) || isGatewayError(received)) throw new Error('the request was refused');
  const principal = { id: 'k_fWx6BWZAoE', profile: 'personal', operator: false };
  const identified = identify(principal, received, tables);
  if (isGatewayError(identified)) throw new Error(identified.message);
  const digest = (what: string): string => createHash('sha256').update(what).digest('hex');
  const facts = factsOf(asked, openaiChatSurface, { received, identified, tables, digest });
  const id = `req_${randomBytes(12).toString('base64url')}`;
  const at = 1_795_242_831_028 + place;
  const head = { surface: 'openai-chat', principal: principal.id, profile: principal.profile, task: null, session: facts.session };
  const intent = { id, at, ...head, facts, policyHash: tables.hash, decision: decide(facts, tables) };
  return [
    startEntry({ op: 'start', intent, said: said(call.request) }),
    terminalEntry(
      { op: 'terminal', terminal: terminalOf(id, at), said: said(call.reply) },
      { columns: startColumns(intent), startSeq: -1 - 2 * place },
    ),
  ];
}

function said(what: string): Said {
  return { capture: 'full', bytes: Buffer.from(what) };
}

function terminalOf(id: string, at: number): Terminal {
  const target = 'model/qwen3-30b-a3b';
  const usage = { input: 812, output: 144, cachedInput: 512, reasoning: null };
  const endMs = random() * 9_000;
  return {
    id,
    at: at + 9_000,
    durationMs: endMs + random(),
    walks: [answeredWalk(target)],
    attempts: [
      {
        target,
        startedMs: random(),
        address: '192.168.178.31:8000',
        reused: true,
        sentMs: random(),
        headMs: random() * 90,
        firstTokenMs: random() * 100,
        endMs,
        status: 200,
        result: 'answered',
        verdict: 'ok',
        model: 'qwen3-30b-a3b',
        usage,
        busyMs: endMs,
        costNano: 81_200,
        energyMws: 1_900_000,
        bytes: 700,
        detail: null,
        changes: [],
      },
    ],
    result: 'ok',
    verdict: 'ok',
    status: 200,
    code: null,
    message: null,
    servedBy: target,
    firstByteMs: random() * 100,
    usage,
    usageEstimated: false,
    costNano: 81_200,
    energyMws: 1_900_000,
    compareNano: 312_000,
  };
}

interface Taken {
  readonly calls: number;
  /** Of the file, its write-ahead log emptied into it. */
  readonly bytes: number;
  readonly requestBytes: number;
  readonly tables: Readonly<Record<string, number>>;
  /** Microseconds that writing one call took, in batches of 32: all of it, waiting for the disk too. */
  readonly microsPerCall: number;
}

/** Writes the calls into a record of their own. */
function recorded(calls: Iterable<Call>): Taken {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  try {
    const opened = openLog(folder, 0);
    if (isStartProblem(opened)) throw new Error(opened.problem);
    const { writer } = opened;
    const secret = bodiesSecret(folder, (bytes) => randomBytes(bytes));
    writer.useKeeper(bodyKeeper(new Bodies(writer.database, { secret, random: (bytes) => randomBytes(bytes) })));
    let [count, requestBytes] = [0, 0];
    const took: number[] = [];
    let batch: NewEntry[] = [];
    const flush = (): void => {
      const before = performance.now();
      writer.writeBatch(batch, { at: 0, openFrom: writer.head.seq + batch.length + 1 });
      took.push(((performance.now() - before) * 2_000) / batch.length);
      batch = [];
    };
    for (const call of calls) {
      count++;
      requestBytes += Buffer.byteLength(call.request);
      batch.push(...entriesOf(call, batch.length / 2));
      if (batch.length === 2 * callsAtOnce) flush();
    }
    if (batch.length > 0) flush();
    const terms = new TermTask(writer.database, (work) => writer.transaction(work));
    while (terms.slice());
    writer.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const bytes = statSync(writer.path).size;
    const tableBytes = bytesByTable(writer);
    writer.close();
    return { calls: count, bytes, requestBytes, tables: tableBytes, microsPerCall: percentile(took, 0.5) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bytesByTable({ database }: LogWriter): Readonly<Record<string, number>> {
  const rows = database.prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY bytes DESC').all();
  return Object.fromEntries(rows.map(({ name, bytes }) => [String(name), Number(bytes)]));
}

const run = recorded(agentRun(100));
const small = recorded(smallCalls(Number(process.argv[2] ?? 100_000)));
console.log(
  JSON.stringify({
    timesSmaller: run.requestBytes / run.bytes,
    bytesPerCall: small.bytes / small.calls,
    microsPerCall: Math.round(small.microsPerCall),
    run,
    small,
  }),
);
