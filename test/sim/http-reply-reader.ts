import { replyHeaders, replyRefusal } from '#egress/wire-headers.ts';

/** What the real client takes of a head. */
const headBytesMax = 16_384;

/** What the bytes of one HTTP/1.1 reply mean, as they come. */
export type ReplyPiece =
  | { readonly type: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'end' }
  | { readonly type: 'bad'; readonly why: string };

type Body =
  | { readonly form: 'length'; left: number }
  | { readonly form: 'chunked'; left: number; last: boolean }
  | { readonly form: 'close' };

/** Reads one reply from the wire: enough of RFC 9112 for what the fake machines say, right or wrong. */
export class HttpReplyReader {
  receivedBytes = 0;
  #rest: Buffer = Buffer.alloc(0);
  #body: Body | null = null;
  #over = false;

  get headSeen(): boolean {
    return this.#body !== null;
  }

  push(bytes: Uint8Array): readonly ReplyPiece[] {
    this.receivedBytes += bytes.length;
    if (this.#over) return [];
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const pieces: ReplyPiece[] = [];
    for (let piece = this.#next(); piece !== null; piece = this.#next()) {
      pieces.push(piece);
      if (piece.type === 'end' || piece.type === 'bad') {
        this.#over = true;
        break;
      }
    }
    return pieces;
  }

  /** The server has closed: whether that is this reply's proper end. */
  closed(): boolean {
    return this.#body?.form === 'close';
  }

  #next(): ReplyPiece | null {
    const body = this.#body;
    if (body === null) return this.#head();
    if (body.form === 'close') return this.#take(this.#rest.length);
    if (body.form === 'chunked' && body.left === 0) return this.#chunkHead(body);
    if (body.form === 'length' && body.left === 0) return { type: 'end' };
    const taken = this.#take(Math.min(body.left, this.#rest.length));
    if (taken === null) return null;
    body.left -= taken.bytes.length;
    return taken;
  }

  #take(count: number): { readonly type: 'data'; readonly bytes: Uint8Array } | null {
    if (count === 0) return null;
    const bytes = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return { type: 'data', bytes };
  }

  #line(): string | null {
    const at = this.#rest.indexOf('\r\n');
    if (at < 0) return null;
    const line = this.#rest.toString('latin1', 0, at);
    this.#rest = this.#rest.subarray(at + 2);
    return line;
  }

  #chunkHead(body: Body & { form: 'chunked' }): ReplyPiece | null {
    const line = this.#line();
    if (line === null) return null;
    // The line end behind a chunk, and behind the last one the end.
    if (line === '') return body.last ? { type: 'end' } : this.#chunkHead(body);
    if (!/^[0-9a-f]{1,8}$/i.test(line)) return { type: 'bad', why: `not a chunk size: ${line.slice(0, 20)}` };
    body.left = Number.parseInt(line, 16);
    body.last = body.left === 0;
    return this.#next();
  }

  #head(): ReplyPiece | null {
    const at = this.#rest.indexOf('\r\n\r\n');
    const received = at < 0 ? this.#rest : this.#rest.subarray(0, at);
    if (received.length > headBytesMax) return { type: 'bad', why: `a head of more than ${headBytesMax} bytes` };
    if (/(?:^|[^\r])\n/.test(received.toString('latin1'))) return { type: 'bad', why: 'a bare line feed in the head' };
    if (at < 0) return null;
    const [first = '', ...lines] = this.#rest.toString('latin1', 0, at).split('\r\n');
    this.#rest = this.#rest.subarray(at + 4);
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
    if (status === '101') return { type: 'bad', why: 'an upgrade that nobody asked for' };
    if (status === undefined) return { type: 'bad', why: `not a status line: ${first.slice(0, 20)}` };
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const headers = replyHeaders(fields.flat());
    const refusal = replyRefusal(headers, fields.length);
    if (refusal !== null) return { type: 'bad', why: refusal };
    const length = headers['content-length'];
    const lengths = fields.filter(([name]) => name.toLowerCase() === 'content-length').length;
    if (lengths > 1 || (length !== undefined && headers['transfer-encoding'] !== undefined))
      return { type: 'bad', why: 'more than one length' };
    if (headers['transfer-encoding'] === 'chunked') this.#body = { form: 'chunked', left: 0, last: false };
    else if (length === undefined) this.#body = { form: 'close' };
    else this.#body = { form: 'length', left: Number(length) };
    return { type: 'head', status: Number(status), headers };
  }
}
