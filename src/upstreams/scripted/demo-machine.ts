import { healthScript, modelListScript } from './catalogue-script.ts';
import type { CatalogueModel } from './catalogue-script.ts';
import { readChatRequest } from './chat-request.ts';
import { chatStream, chatWhole } from './chat-script.ts';
import { demoAnswer, promptTokens } from './demo-answer.ts';
import { startScriptedServer } from './engine.ts';
import type { ScriptedServer } from './engine.ts';
import {
  busyScript,
  contextLengthScript,
  invalidRequestScript,
  modelNotFoundScript,
  openaiError,
  refusalScript,
} from './refusal-script.ts';
import type { RequestLog } from './request-log.ts';
import type { Script } from './script.ts';
import { DEMO_WHY_HEADER } from './why-header.ts';

/** A machine of the demo house. */
export interface DemoMachineSpec {
  /** Said in every answer: `[scripted: win-5090] …`. */
  readonly name: string;
  readonly models: readonly DemoModel[];
  /** Requests it works on at once; more get 429. Default: no limit of its own. */
  readonly slots?: number;
  /** Default 200. */
  readonly tokensPerSecond?: number;
  /** How long it thinks before the first token; default 0. */
  readonly firstTokenMs?: number;
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** A model a demo machine serves. `context`: longer prompts get a 400. `input`: what it takes; default text only. */
export type DemoModel = CatalogueModel;

/** A running demo machine. */
export interface DemoMachine {
  readonly name: string;
  readonly url: string;
  readonly server: ScriptedServer;
  readonly broken: () => boolean;
  /** As if the power were cut: connections are reset, connecting is refused. */
  break(): Promise<void>;
  /** Answers again, on the same port. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

const REMEMBERED_REQUESTS_MAX = 200;

/** Starts a scripted model server that behaves like a real one: an actual listener with models, slots and a pace. */
export async function startDemoMachine(spec: DemoMachineSpec): Promise<DemoMachine> {
  const server = await startScriptedServer((request) => demoScript(spec, request), {
    logsMax: REMEMBERED_REQUESTS_MAX,
    ...(spec.host === undefined ? {} : { host: spec.host }),
    ...(spec.port === undefined ? {} : { port: spec.port }),
  });
  let broken = false;
  return {
    name: spec.name,
    url: server.url,
    server,
    broken: () => broken,
    async break() {
      broken = true;
      await server.refuse();
      server.resetAll();
    },
    async mend() {
      await server.listen();
      broken = false;
    },
    close: () => server.close(),
  };
}

/** What a demo machine does with one request. */
export function demoScript(spec: DemoMachineSpec, request: RequestLog): Script {
  const path = request.path.split('?')[0];
  if (path === '/v1/models') return modelListScript(spec.models);
  if (path === '/health') return healthScript();
  if (path === '/v1/chat/completions' && request.method === 'POST') return chatScript(spec, request);
  return refusalScript(
    404,
    openaiError(`Unexpected endpoint or method. (${request.method} ${path ?? ''})`, { type: 'invalid_request_error', code: null }),
  );
}

function chatScript(spec: DemoMachineSpec, log: RequestLog): Script {
  const request = readChatRequest(log.json);
  if (request === null) return invalidRequestScript("'model' and 'messages' are required.");
  const model = spec.models.find(({ name }) => name === request.model);
  if (model === undefined) return modelNotFoundScript(request.model);
  if (request.images > 0 && !(model.input ?? []).includes('image')) return invalidRequestScript(`${model.name} is not a multimodal model.`);
  const prompt = promptTokens(request);
  if (model.context !== undefined && prompt > model.context) return contextLengthScript('vllm', { prompt, window: model.context });
  if (spec.slots !== undefined && log.alsoRunning >= spec.slots) return busyScript(1);

  const answer = demoAnswer(request, { name: spec.name, why: readWhy(log.headers[DEMO_WHY_HEADER]) });
  const everyMs = 1_000 / (spec.tokensPerSecond ?? 200);
  const thinking: Script = spec.firstTokenMs === undefined ? [] : [{ do: 'delay', ms: spec.firstTokenMs }];
  if (request.stream) return [...thinking, ...chatStream(answer, { includeUsage: request.includeUsage, everyMs })];
  const tokens = Number(answer.usage?.completion_tokens ?? 0);
  return [...thinking, { do: 'delay', ms: tokens * everyMs }, ...chatWhole(answer)];
}

function readWhy(header: string | undefined): string | null {
  if (header === undefined || header.trim() === '') return null;
  try {
    return decodeURIComponent(header);
  } catch {
    // A lone per cent sign is just that.
    return header;
  }
}
