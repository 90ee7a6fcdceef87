import type { Socket } from 'node:net';
import type { Clock } from '#gateway/ports.ts';

const answers: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
const lingerMs = 500;

/**
 * Answers what is no HTTP at all, or came too slowly, and ends the connection. There is no request to speak of, so the answer is one
 * plain line. Where an answer has begun the connection is only cut: nothing may be written into the middle of it.
 */
export function answerClientError(error: Error, socket: Socket, options: { readonly answerBegun: boolean; readonly clock: Clock }): void {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (options.answerBegun || !socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = Object.hasOwn(answers, code) ? (answers[code] ?? '') : '400 Bad Request';
  const body = `${status.slice(4).toLowerCase()}\n`;
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  const cancel = options.clock.after(lingerMs, () => socket.destroy());
  socket.once('close', cancel);
}
