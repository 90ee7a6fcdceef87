/**
 * One piece of what one event of a reply means, in the gatehouse's own words. Dialects differ in how they spell these; the
 * judge, the commit rule and the record only ever read this form.
 *
 * `choice` counts from 0 and is 0 in dialects that know only one answer.
 */
export type Delta =
  | { readonly type: 'content'; readonly choice: number; readonly text: string }
  | { readonly type: 'reasoning'; readonly choice: number; readonly text: string }
  | { readonly type: 'refusal'; readonly choice: number; readonly text: string }
  | {
      readonly type: 'tool';
      readonly choice: number;
      /** Which of several parallel calls; counts from 0. */
      readonly index: number;
      readonly id: string | null;
      readonly name: string | null;
      /** The next piece of the arguments as JSON text; dialects that send objects have them serialised here. */
      readonly arguments: string;
    }
  | {
      /** One vector of embeddings; `choice` is the place of its input. */
      readonly type: 'vector';
      readonly choice: number;
      /** How many numbers it has. */
      readonly length: number;
      /** The numbers, as list or as base64 of little-endian floats of four bytes, whichever the server sent. */
      readonly vector: string | readonly number[];
    }
  | { readonly type: 'finish'; readonly choice: number; readonly reason: FinishReason }
  | ({ readonly type: 'usage' } & Usage)
  /** The server names the model that answers. */
  | { readonly type: 'model'; readonly name: string }
  /** The server says, in band, that it failed. `status` is the HTTP status the error would have had, if it says so. */
  | { readonly type: 'error'; readonly message: string; readonly status: number | null }
  /** The dialect's own terminator: `[DONE]`, `message_stop`, `response.completed`, `done: true`. */
  | { readonly type: 'end' };

/** Why a choice ended. What a server says beyond these is `other`. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'other';

/** Tokens as the server counted them; null where it did not say. */
export interface Usage {
  readonly input: number | null;
  readonly output: number | null;
  readonly cachedInput: number | null;
  readonly reasoning: number | null;
}

/**
 * One event of a reply: an SSE event, an NDJSON line, or a whole JSON body. It is owned by the attempt that received it; consumers
 * (client, judge, record) attach to the sequence.
 */
export interface ReplyEvent {
  /** Exactly the bytes that were received, the event's own delimiter included. */
  readonly raw: Uint8Array;
  /**
   * What the event is:
   * - `data`: it carries meaning in the dialect (`deltas`, possibly none, such as a role announcement);
   * - `noise`: a comment, an empty data line, or an unknown named event without choices: swallowed, never forwarded;
   * - `malformed`: it does not parse in the dialect.
   */
  readonly kind: 'data' | 'noise' | 'malformed';
  readonly deltas: readonly Delta[];
}

/** Reads a byte stream of one dialect into events. Pure apart from its own buffer; the same events come out for every split of the bytes. */
export interface EventReader {
  /** Takes the next bytes as they came; returns the events completed by them. A started event is kept back. */
  push(bytes: Uint8Array): readonly ReplyEvent[];
  /** The bytes have ended. Returns what was left over as one last event (`malformed` if it was cut). */
  end(): readonly ReplyEvent[];
}

/** How one API spells replies. One file and one registry line each, in `dialects/`. */
export interface Dialect {
  readonly name: string;
  /** The `content-type` of a streamed reply, as prefix. */
  readonly streamType: string;
  /** A reader for a streamed reply. `maxEventBytes`: an event that grows past it comes out as `malformed`, and the reader takes no more. */
  readStream(maxEventBytes: number): EventReader;
  /** Reads a whole (not streamed) body into one event. */
  readWhole(body: Uint8Array): ReplyEvent;
}
