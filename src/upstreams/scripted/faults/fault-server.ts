import { healthScript, modelListScript } from '#upstreams/scripted/catalogue-script.ts';
import { readChatRequest } from '#upstreams/scripted/chat-request.ts';
import type { ChatRequest } from '#upstreams/scripted/chat-request.ts';
import { startScriptedServer } from '#upstreams/scripted/engine.ts';
import type { ScriptedServer } from '#upstreams/scripted/engine.ts';
import { modelNotFoundScript, openaiError, refusalScript } from '#upstreams/scripted/refusal-script.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { faultCatalog, faultNamed } from './fault-catalog.ts';
import { faultDice, overGate, replaceGates } from './fault.ts';
import type { Fault, FaultCall, FaultCase } from './fault.ts';
import { goodScript } from './fault-scripts.ts';

/** What the server does with one request. */
export interface PlayedFault {
  readonly log: RequestLog;
  /** Null where it is well. */
  readonly fault: Fault | null;
  readonly case: FaultCase | null;
}

export interface FaultServerOptions {
  /** What requests meet that name no fault themselves; null: a good answer. */
  readonly fault: Fault | null;
  /** Only this case of it, counted from 1; null: all in turn. */
  readonly caseNumber: number | null;
  readonly seed: number;
  /** Default: a free one. */
  readonly port?: number;
  /** A request came; its log goes on until `finished`. */
  readonly onRequest: (played: PlayedFault) => void;
}

/** What a server that cannot know what its caller holds does instead: it gives it some time. */
const toldMs = 200;
/** How long a server works on for nobody. */
const overMs = 10_000;
const rememberedRequestsMax = 100;
const healthyModel = 'healthy';
const words = ['This ', 'is ', 'what ', 'a ', 'machine ', 'that ', 'is ', 'well ', 'would ', 'have ', 'said.'];

/**
 * Starts a model server on loopback that does what a fault of the catalogue does. Each chat meets the fault that its model names
 * (`fault:F32`, `fault:F32?seed=7&case=2`), else that of the options; a fault's cases come in turn.
 */
export async function startFaultServer(options: FaultServerOptions): Promise<ScriptedServer> {
  const turns = new Map<string, number>();
  const onConnection = new Set<number>();
  const server = await startScriptedServer(
    (log) => {
      if (log.method !== 'POST') return page(log.path);
      const asked = readChatRequest(log.json);
      const wanted = asked === null ? null : wantedOf(asked.model, options);
      if (asked === null || wanted === null) {
        options.onRequest({ log, fault: null, case: null });
        return asked === null
          ? refusalScript(404, openaiError('Only chats are answered here.', { type: 'invalid_request_error', code: null }))
          : modelNotFoundScript(asked.model);
      }
      const { fault, seed } = wanted;
      const turn = turns.get(fault?.id ?? '') ?? 0;
      turns.set(fault?.id ?? '', turn + 1);
      const isFirst = !onConnection.has(log.connection);
      onConnection.add(log.connection);
      const chosen = fault === null ? null : caseOf(fault, { asked, turn, number: wanted.caseNumber });
      // What happens on a used connection needs one; what happens once is well the next time.
      const isWell = chosen === null || (chosen.warm === true ? isFirst : chosen.once === true && turn % 2 === 1);
      options.onRequest({ log, fault: isWell ? null : fault, case: isWell ? null : chosen });
      const call = callOf(asked, server.url);
      return isWell ? goodScript(call) : withPauses(chosen.script(call, faultDice(seed + turn)));
    },
    { logsMax: rememberedRequestsMax, ...(options.port === undefined ? {} : { port: options.port }) },
  );
  return server;
}

interface Wanted {
  readonly fault: Fault | null;
  readonly seed: number;
  readonly caseNumber: number | null;
}

/** What a request asks for by its model; null if it names a fault that there is not. */
function wantedOf(model: string, { fault, caseNumber, seed }: FaultServerOptions): Wanted | null {
  const named = /^fault:(\w+)(?:\?(.*))?$/.exec(model);
  if (!named) return { fault: model === healthyModel ? null : fault, caseNumber, seed };
  const found = faultNamed(named[1] ?? '');
  if (!found) return null;
  const more = new URLSearchParams(named[2] ?? '');
  return { fault: found, seed: Number(more.get('seed') ?? seed) || 0, caseNumber: more.has('case') ? Number(more.get('case')) || 0 : null };
}

function caseOf(
  fault: Fault,
  wanted: { readonly asked: ChatRequest; readonly turn: number; readonly number: number | null },
): FaultCase | null {
  if (wanted.number !== null) return fault.cases[wanted.number - 1] ?? null;
  const form = wanted.asked.stream ? 'stream' : 'whole';
  const fitting = fault.cases.filter(({ forms }) => forms.includes(form));
  const cases = fitting.length === 0 ? fault.cases : fitting;
  // A case that happens once takes two turns.
  const turn = cases.some(({ once }) => once === true) ? wanted.turn >> 1 : wanted.turn;
  return cases[turn % cases.length] ?? null;
}

function callOf(asked: ChatRequest, url: string): FaultCall {
  return {
    form: asked.stream ? 'stream' : 'whole',
    answer: { model: asked.model, text: words, usage: { prompt_tokens: Math.ceil(asked.characters / 4), completion_tokens: words.length } },
    includeUsage: asked.includeUsage,
    elsewhere: `${url}/elsewhere`,
  };
}

function withPauses(script: Script): Script {
  return replaceGates(script, (gate) => ({ do: 'delay', ms: gate === overGate ? overMs : toldMs }));
}

function page(path: string): Script {
  if (path === '/health') return healthScript();
  if (path === '/v1/models')
    return modelListScript([healthyModel, ...faultCatalog.map(({ id }) => `fault:${id}`)].map((name) => ({ name })));
  return refusalScript(404, openaiError('Not found.', { type: 'invalid_request_error', code: null }));
}
