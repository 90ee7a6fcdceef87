import type { Buffer } from 'node:buffer';

import type { EventReader, ReplyEvent } from '#core/reply/event.ts';

import { HeldBytes } from './held-bytes.ts';
import { bufferOver, malformed, noise } from './payload.ts';
import type { Payload, PayloadReader } from './payload.ts';
import { readFields } from './sse-fields.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const colon = 0x3a;
const noEvents: readonly ReplyEvent[] = [];

/**
 * Reads server-sent events (WHATWG HTML, "Parsing an event stream") from bytes, so that an event keeps exactly the bytes it came in. An event reaches
 * to the end of the blank line that closes it. Where that line ends in a CR which is also the last byte so far, the event is kept
 * back until the next byte tells CR from CRLF: the same events come out for every split.
 *
 * The bytes pushed must not change afterwards: an event that lies in one chunk shares its memory.
 */
export function sseReader(maxEventBytes: number, readPayload: PayloadReader): EventReader {
  return new SseReader(maxEventBytes, readPayload);
}

class SseReader implements EventReader {
  readonly #maxEventBytes: number;
  readonly #readPayload: PayloadReader;
  readonly #held = new HeldBytes();
  #closed = false;
  #first = true;
  /** No byte of the current line has been seen. */
  #lineEmpty = true;
  /** The last byte was a CR that ended a line; an LF right after it belongs to it. */
  #afterReturn = false;
  /** The CR of `#afterReturn` ended a blank line: the held event is complete but for that LF. */
  #blankReturned = false;

  constructor(maxEventBytes: number, readPayload: PayloadReader) {
    this.#maxEventBytes = maxEventBytes;
    this.#readPayload = readPayload;
  }

  push(bytes: Uint8Array): readonly ReplyEvent[] {
    if (this.#closed || bytes.length === 0) return noEvents;
    const chunk = bufferOver(bytes);
    const events: ReplyEvent[] = [];
    let position = this.#resume(chunk, events);
    let start = this.#held.length === 0 ? position : 0;
    let lines = 0;
    let lineEnd = 0;
    // Each search result is kept until it is passed: a chunk full of one kind of line end must not be searched for the other again and again.
    let nextReturn = chunk.indexOf(carriageReturn, position);
    let nextFeed = chunk.indexOf(lineFeed, position);
    while (!this.#closed && position < chunk.length) {
      // One look instead of a search: the line after an event's only line is nearly always the blank one.
      if (chunk[position] === lineFeed) nextFeed = position;
      else if (nextFeed !== -1 && nextFeed < position) nextFeed = chunk.indexOf(lineFeed, position);
      if (nextReturn !== -1 && nextReturn < position) nextReturn = chunk.indexOf(carriageReturn, position);
      const returns = nextReturn !== -1 && (nextFeed === -1 || nextReturn < nextFeed);
      const end = returns ? nextReturn : nextFeed;
      if (end === -1) {
        this.#lineEmpty = false;
        break;
      }
      const blank = end === position && this.#lineEmpty;
      this.#lineEmpty = true;
      position = end + 1;
      if (returns && position === chunk.length) {
        this.#afterReturn = true;
        this.#blankReturned = blank;
        break;
      }
      if (returns && chunk[position] === lineFeed) position += 1;
      if (blank) {
        this.#emit(chunk.subarray(start, position), lines === 1 ? lineEnd - start : -1, events);
        start = position;
        lines = 0;
      } else {
        lineEnd = end;
        lines += 1;
      }
    }
    if (!this.#closed && start < chunk.length) this.#hold(chunk.subarray(start), events);
    return events;
  }

  end(): readonly ReplyEvent[] {
    if (this.#closed) return noEvents;
    this.#closed = true;
    if (this.#held.length === 0) return noEvents;
    const raw = this.#held.take();
    const last = raw[raw.length - 1];
    const payload = this.#read(raw, -1, last !== lineFeed && last !== carriageReturn);
    return [{ raw, kind: payload.kind, deltas: payload.deltas }];
  }

  /** Settles a CR at the end of the chunk before; returns where the scan goes on. */
  #resume(chunk: Buffer, events: ReplyEvent[]): number {
    if (!this.#afterReturn) return 0;
    this.#afterReturn = false;
    const position = chunk[0] === lineFeed ? 1 : 0;
    if (this.#blankReturned) this.#emit(chunk.subarray(0, position), -1, events);
    return position;
  }

  /** Ends the current event with `piece`. `lineEnd`: where its only line ends in `piece`, -1 if it has several or was begun before. */
  #emit(piece: Buffer, lineEnd: number, events: ReplyEvent[]): void {
    if (this.#overflows(piece, events)) return;
    let raw = piece;
    let onlyLineEnd = lineEnd;
    if (this.#held.length > 0) {
      this.#held.add(piece);
      raw = this.#held.take();
      onlyLineEnd = -1;
    }
    const payload = this.#read(raw, onlyLineEnd, false);
    events.push({ raw, kind: payload.kind, deltas: payload.deltas });
  }

  #hold(piece: Buffer, events: ReplyEvent[]): void {
    if (!this.#overflows(piece, events)) this.#held.add(piece);
  }

  #overflows(piece: Buffer, events: ReplyEvent[]): boolean {
    if (this.#held.length + piece.length <= this.#maxEventBytes) return false;
    this.#held.add(piece.subarray(0, this.#maxEventBytes - this.#held.length));
    events.push({ raw: this.#held.take(), kind: 'malformed', deltas: malformed.deltas });
    this.#closed = true;
    return true;
  }

  #read(raw: Buffer, onlyLineEnd: number, cut: boolean): Payload {
    const first = this.#first;
    this.#first = false;
    // "data:" as the only line is what nearly every event is: no need to look at fields.
    if (onlyLineEnd > 4 && raw[0] === 0x64 && raw[1] === 0x61 && raw[2] === 0x74 && raw[3] === 0x61 && raw[4] === colon) {
      return this.#readData(raw.toString('utf8', raw[5] === space ? 6 : 5, onlyLineEnd), '');
    }
    const fields = readFields(raw, first);
    const payload = fields.data === null ? (fields.junk ? malformed : noise) : this.#readData(fields.data, fields.name);
    // A cut line may have been anything, unless it had begun as a comment or what is there already means something.
    return cut && payload.kind === 'noise' && !fields.endsInComment ? malformed : payload;
  }

  #readData(data: string, name: string): Payload {
    // Some servers send their keep-alive comment as data ("data: : keepalive"); no payload begins with a colon.
    if (name === 'ping' || data.charCodeAt(0) === colon) return noise;
    if (data === '' || (data.charCodeAt(0) <= space && data.trim() === '')) return noise;
    return this.#readPayload(data, name);
  }
}
