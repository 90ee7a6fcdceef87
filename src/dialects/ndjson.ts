import type { Buffer } from 'node:buffer';

import type { EventReader, ReplyEvent } from '#core/reply/event.ts';

import { HeldBytes } from './held-bytes.ts';
import { bufferOver, malformed, noise } from './payload.ts';
import type { PayloadReader } from './payload.ts';

const lineFeed = 0x0a;
const noEvents: readonly ReplyEvent[] = [];

/**
 * Reads newline-delimited JSON: each line is one event, its line feed included. A carriage return before the line feed is white
 * space to JSON. The bytes pushed must not change afterwards: an event that lies in one chunk shares its memory.
 */
export function ndjsonReader(maxEventBytes: number, readPayload: PayloadReader): EventReader {
  return new NdjsonReader(maxEventBytes, readPayload);
}

class NdjsonReader implements EventReader {
  readonly #maxEventBytes: number;
  readonly #readPayload: PayloadReader;
  readonly #held = new HeldBytes();
  #closed = false;
  #first = true;

  constructor(maxEventBytes: number, readPayload: PayloadReader) {
    this.#maxEventBytes = maxEventBytes;
    this.#readPayload = readPayload;
  }

  push(bytes: Uint8Array): readonly ReplyEvent[] {
    if (this.#closed || bytes.length === 0) return noEvents;
    const chunk = bufferOver(bytes);
    const events: ReplyEvent[] = [];
    let start = 0;
    for (let feed = chunk.indexOf(lineFeed); feed !== -1; feed = chunk.indexOf(lineFeed, start)) {
      const piece = chunk.subarray(start, feed + 1);
      if (this.#overflows(piece, events)) return events;
      events.push(this.#read(this.#complete(piece)));
      start = feed + 1;
    }
    if (start < chunk.length) {
      const rest = chunk.subarray(start);
      if (this.#overflows(rest, events)) return events;
      this.#held.add(rest);
    }
    return events;
  }

  end(): readonly ReplyEvent[] {
    if (this.#closed) return noEvents;
    this.#closed = true;
    // The last line often has no line feed; one that was cut does not parse.
    return this.#held.length === 0 ? noEvents : [this.#read(this.#held.take())];
  }

  #complete(piece: Buffer): Buffer {
    if (this.#held.length === 0) return piece;
    this.#held.add(piece);
    return this.#held.take();
  }

  #overflows(piece: Buffer, events: ReplyEvent[]): boolean {
    if (this.#held.length + piece.length <= this.#maxEventBytes) return false;
    this.#held.add(piece.subarray(0, this.#maxEventBytes - this.#held.length));
    events.push({ raw: this.#held.take(), kind: 'malformed', deltas: malformed.deltas });
    this.#closed = true;
    return true;
  }

  #read(raw: Buffer): ReplyEvent {
    let text = raw.toString('utf8');
    if (this.#first && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    this.#first = false;
    const { kind, deltas } = text.trim() === '' ? noise : this.#readPayload(text, '');
    return { raw, kind, deltas };
  }
}
