import { endReply, flushHead, startReply, writeBody, writeChunk, writeJson, writeRaw } from './reply-writer.ts';
import type { Reply, ScriptClock, ScriptWire } from './reply-writer.ts';
import { toBytes } from './script.ts';
import type { Json, Script, Step } from './script.ts';

/**
 * How a script came to its end:
 * - `finished`: the reply was finished properly;
 * - `cut`: the script broke it off itself (`rst`, `fin`);
 * - `stopped`: the peer left, or the server was closed.
 */
export type ScriptEnd = 'finished' | 'cut' | 'stopped';

/** Everything a script can reach: real in the engine, virtual in the simulator. */
export interface ScriptStage {
  readonly wire: ScriptWire;
  readonly clock: ScriptClock;
  /** Aborted when the peer leaves. */
  readonly left: AbortSignal;
  /** Aborted when the server is closed: even a script that ignores aborts stops then. */
  readonly closing: AbortSignal;
  /** Ends when the gate is opened or the signal is aborted. */
  gate(name: string, signal: AbortSignal): Promise<void>;
  /** Ends when stalled scripts are released or the signal is aborted. */
  stall(signal: AbortSignal): Promise<void>;
  /** The reply is complete on our side; steps may still follow on the idle connection. */
  onReplyEnd(): void;
}

interface Run {
  readonly stage: ScriptStage;
  readonly reply: Reply;
  ignoresAbort: boolean;
}

/** Plays one script for one request. `close`: the peer asked for the connection to be closed afterwards. Never throws for anything the peer does. */
export async function runScript(script: Script, stage: ScriptStage, options: { close: boolean }): Promise<ScriptEnd> {
  const run: Run = {
    stage,
    reply: startReply(stage.wire, stage.clock, { signal: () => (run.ignoresAbort ? stage.closing : stage.left) }),
    ignoresAbort: false,
  };
  const early = await runSteps(script, run);
  if (early !== null) return early;
  const mustClose = await endReply(run.reply);
  if (run.reply.signal().aborted) return 'stopped';
  stage.onReplyEnd();
  if (mustClose || options.close) stage.wire.end();
  return 'finished';
}

/** Null when all steps were played to their end. */
async function runSteps(script: Script, run: Run): Promise<ScriptEnd | null> {
  for (const step of script) {
    if (run.reply.signal().aborted) return 'stopped';
    const end = await runStep(step, run);
    if (end !== null) return end;
  }
  return run.reply.signal().aborted ? 'stopped' : null;
}

async function runStep(step: Step, run: Run): Promise<ScriptEnd | null> {
  const { stage, reply } = run;
  const signal = reply.signal();
  switch (step.do) {
    case 'delay':
      await stage.clock.wait(step.ms, signal);
      return null;
    case 'gate':
      await stage.gate(step.name, signal);
      return null;
    case 'stall':
      await stage.stall(signal);
      return null;
    case 'ignoreAbort':
      run.ignoresAbort = true;
      return null;
    case 'repeat':
      return repeat(step, run);
    case 'end':
      await endReply(reply);
      stage.onReplyEnd();
      return null;
    case 'rst':
      stage.wire.reset();
      return reply.ended ? 'finished' : 'cut';
    case 'fin':
      stage.wire.end();
      return reply.ended ? 'finished' : 'cut';
    case 'slice':
      reply.sliceBytes = step.size;
      reply.sliceDelayMs = step.delayMs ?? 0;
      return null;
    case 'rate':
      reply.bytesPerSecond = step.bytesPerSecond;
      return null;
    default:
      await say(step, reply);
      return null;
  }
}

type SayingStep = Extract<Step, { do: 'status' | 'header' | 'flush' | 'json' | 'body' | 'chunk' | 'sse' | 'raw' }>;

/** The steps that put something on the wire, or prepare it. */
async function say(step: SayingStep, reply: Reply): Promise<void> {
  switch (step.do) {
    case 'status':
      reply.code = step.code;
      reply.reason = step.reason ?? null;
      reply.version = step.version ?? '1.1';
      reply.headPrepared = true;
      return;
    case 'header':
      for (let count = step.times ?? 1; count > 0; count -= 1) reply.headers.push([step.name, step.value]);
      reply.headPrepared = true;
      return;
    case 'flush':
      return flushHead(reply);
    case 'json':
      return writeJson(reply, step.value);
    case 'body':
      return writeBody(reply, toBytes(step.bytes));
    case 'chunk':
      return writeChunk(reply, toBytes(step.bytes));
    case 'raw':
      return writeRaw(reply, toBytes(step.bytes));
    case 'sse':
      return writeEvents(step, reply);
  }
}

async function writeEvents(step: Extract<Step, { do: 'sse' }>, reply: Reply): Promise<void> {
  for (const [index, event] of step.events.entries()) {
    if (index > 0 && step.everyMs !== undefined) await reply.clock.wait(step.everyMs, reply.signal());
    if (reply.signal().aborted) return;
    await writeBody(reply, Buffer.from(renderEvent(event, step.event)), 'text/event-stream; charset=utf-8');
  }
}

function renderEvent(event: Json, name: string | undefined): string {
  const data = typeof event === 'string' ? event : JSON.stringify(event);
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  return `${name === undefined ? '' : `event: ${name}\n`}${lines.join('')}\n`;
}

async function repeat(step: Extract<Step, { do: 'repeat' }>, run: Run): Promise<ScriptEnd | null> {
  for (let count = 0; step.times === 'forever' || count < step.times; count += 1) {
    const end = await runSteps(step.steps, run);
    if (end !== null) return end;
    // A body without any wait of its own must not starve the process.
    await run.stage.clock.turn();
  }
  return null;
}
