import { healthScript, modelListScript } from '#upstreams/scripted/catalogue-script.ts';
import { chatChunks, chatStream, chatStreamHead, chatWhole } from '#upstreams/scripted/chat-script.ts';
import type { ChatAnswer, ChatStreamOptions } from '#upstreams/scripted/chat-script.ts';
import { startScriptedServer } from '#upstreams/scripted/engine.ts';
import type { ScriptedServer, ScriptedServerOptions, ScriptHandler } from '#upstreams/scripted/engine.ts';
import { openaiError, refusalScript } from '#upstreams/scripted/refusal-script.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import { isJsonObject } from '#upstreams/scripted/script.ts';
import type { JsonObject, Script } from '#upstreams/scripted/script.ts';

/** A scripted model server that answers the probes by itself, so that a test sees only what callers sent. */
export interface ModelServer {
  readonly name: string;
  readonly server: ScriptedServer;
  /** The chats that came, oldest first. */
  chats(): readonly RequestLog[];
  /** The next chat that nobody has asked for yet, as soon as its body is there. */
  nextChat(): Promise<RequestLog>;
  /** Answers otherwise from the next chat on. */
  answer(does: Script | ScriptHandler): void;
}

/** Starts one that lists `models` and answers chats with `does`. */
export async function startModelServer(
  name: string,
  models: readonly string[],
  does: Script | ScriptHandler,
  options: ScriptedServerOptions = {},
): Promise<ModelServer> {
  let current = does;
  const unclaimed: RequestLog[] = [];
  const claims: ((log: RequestLog) => void)[] = [];
  const server = await startScriptedServer((request) => {
    if (request.path === '/health') return healthScript();
    if (request.path === '/v1/models') return modelListScript(models.map((model) => ({ name: model })));
    if (request.method !== 'POST') return refusalScript(404, openaiError('Not found.', { type: 'invalid_request_error', code: null }));
    const claim = claims.shift();
    if (claim) claim(request);
    else unclaimed.push(request);
    return typeof current === 'function' ? current(request) : current;
  }, options);
  return {
    name,
    server,
    chats: () => server.requests.filter((request) => request.method === 'POST'),
    nextChat: () => {
      const log = unclaimed.shift();
      return log ? Promise.resolve(log) : new Promise((resolve) => void claims.push(resolve));
    },
    answer: (next) => {
      current = next;
    },
  };
}

/** The body of a chat as an object. */
export function bodyOf({ json }: RequestLog): JsonObject {
  if (!isJsonObject(json)) throw new Error('the body is no JSON object');
  return json;
}

/** Whether a chat asked for a stream. */
export function asksStream(request: RequestLog): boolean {
  return bodyOf(request)['stream'] === true;
}

/** Answers in the form that was asked for, and counts tokens like a real server: on streams only if asked. */
export function answering(answer: Partial<ChatAnswer>, options: ChatStreamOptions = {}): ScriptHandler {
  const full: ChatAnswer = { model: 'as-the-server-says', usage: { prompt_tokens: 12, completion_tokens: 3 }, ...answer };
  return (request) => {
    if (!asksStream(request)) return chatWhole(full);
    const wanted = bodyOf(request)['stream_options'];
    const includeUsage = isJsonObject(wanted) && wanted['include_usage'] === true;
    return chatStream(full, { includeUsage, ...options });
  };
}

/** A stream that says `first`, waits at the gate `more`, then says `last` and ends well. */
export function gatedStream(model: string): Script {
  const events = [...chatChunks({ model, text: ['first', 'last'] }), '[DONE]'];
  return [
    ...chatStreamHead(),
    { do: 'sse', events: events.slice(0, 2) },
    { do: 'gate', name: 'more' },
    { do: 'sse', events: events.slice(2) },
  ];
}
