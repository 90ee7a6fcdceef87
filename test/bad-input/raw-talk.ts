import { connect } from 'node:net';

/** One answer of a raw conversation. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Everything that came back for some bytes on a connection of their own, until it ended or was quiet after an answer. */
export interface Talk {
  readonly text: string;
  readonly answers: readonly RawAnswer[];
  /** The house ended the connection, or we did after a last request. */
  readonly ended: boolean;
}

/** A conversation that says nothing more after an answer is over; only a house that answers nothing is waited for this long. */
const silenceMs = 60_000;

const lastRequest = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

/**
 * Sends bytes and reads until the house closes the connection. Where it keeps the connection after the answers that were expected, one
 * last harmless request follows, whose answer is taken off again: what was answered besides would stand before it.
 *
 * @param expected how many answers should come
 * @param halfClosed nothing more will be sent, and the house is told so by an end of our side
 */
export function rawTalk(
  port: number,
  bytes: string | Uint8Array,
  { expected = 1, halfClosed = false }: { readonly expected?: number; readonly halfClosed?: boolean } = {},
): Promise<Talk> {
  return new Promise((resolve, reject) => {
    let text = '';
    let asked = false;
    const socket = connect({ port, host: '127.0.0.1' });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`silence after ${JSON.stringify(text)}`));
    }, silenceMs);
    let ended = false;
    socket.setNoDelay(true);
    socket.on('connect', () => {
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
      if (halfClosed) socket.end();
    });
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
      if (asked || halfClosed || expected === 0) return;
      const answers = answersIn(text).filter(({ status }) => status >= 200);
      if (answers.length < expected || /\r\nconnection: close/i.test(answers.at(-1)?.head ?? '')) return;
      asked = true;
      socket.write(lastRequest);
    });
    socket.on('end', () => {
      ended = true;
    });
    // A reset is an end too: what had come before it counts.
    socket.on('error', () => {
      ended = true;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      const answers = answersIn(text).filter(({ status }) => status >= 200);
      const last = answers.at(-1);
      const ours = asked && answers.length > expected && last?.status === 200 && last.body === 'ok\n';
      resolve({ text, answers: ours ? answers.slice(0, -1) : answers, ended });
    });
  });
}

/** The answers in a conversation, in order; each has its length in its head, or is the last. */
export function answersIn(text: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let at = 0;
  while (text.startsWith('HTTP/1.1 ', at)) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd < 0) break;
    const head = text.slice(at, headEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const end = Number.isNaN(length) ? text.length : headEnd + 4 + length;
    const status = Number(head.slice(9, 12));
    if (status >= 200 && end > text.length) break;
    answers.push({ status, head, body: Buffer.from(text.slice(headEnd + 4, end), 'latin1').toString('utf8') });
    at = status < 200 ? headEnd + 4 : end;
  }
  return answers;
}
