/**
 * The model server of the bench, a process of its own: as little as can answer chats, so that it is never what is measured. How an answer
 * looks is in the request's `user` field: `events=200 every=50`. Each event says when it was written, on the clock that all processes share.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sharedMicros } from './shared-clock.ts';

const model = 'qwen3-30b-a3b';
const envelope = { id: 'chatcmpl-bench', created: 1_750_000_000, model };
const usage = { prompt_tokens: 250, completion_tokens: 120, total_tokens: 370 };
/** About 120 tokens. */
const answer = 'The stop valve closes first, and then the pump runs down on its own. '.repeat(8);
const whole = JSON.stringify({
  ...envelope,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop', logprobs: null }],
  usage,
});
const models = JSON.stringify({
  object: 'list',
  data: [model, 'gemma-3-27b'].map((id) => ({ id, object: 'model', max_model_len: 1_000_000 })),
});

const server = createServer((request, response) => {
  if (request.method !== 'POST') return whatIsThere(request, response);
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const asked = /"user":"events=(\d+) every=(\d+)"/.exec(body);
    if (asked) stream(response, { events: Number(asked[1]), everyMs: Number(asked[2]) });
    else response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(whole) }).end(whole);
  });
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', 8_192, () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());

function whatIsThere({ url }: IncomingMessage, response: ServerResponse): void {
  if (url?.endsWith('/models')) response.setHeader('content-type', 'application/json').end(models);
  else if (url?.endsWith('/health')) response.end('{"status":"ok"}');
  else response.writeHead(404).end();
}

/** One event now and one every so often; a piece of text each, as long as a token of a usual stream. */
function stream(response: ServerResponse, { events, everyMs }: { readonly events: number; readonly everyMs: number }): void {
  response.socket?.setNoDelay(true);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let next = 0;
  const say = (): void => {
    response.write(chunk({ delta: { content: ` ${next}@${sharedMicros()}` }, finish_reason: null }));
    if (++next < events) return;
    clearInterval(timer);
    response.end(`${chunk({ delta: {}, finish_reason: 'stop' })}data: [DONE]\n\n`);
  };
  const timer = setInterval(say, everyMs);
  response.on('close', () => clearInterval(timer));
  say();
}

function chunk(choice: { readonly delta: object; readonly finish_reason: string | null }): string {
  return `data: ${JSON.stringify({ ...envelope, object: 'chat.completion.chunk', choices: [{ index: 0, ...choice, logprobs: null }] })}\n\n`;
}
