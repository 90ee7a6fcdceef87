import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { Delta, Dialect, EventReader, ReplyEvent } from '#core/reply/event.ts';
import { dialects } from './registry.ts';

/** An expectation: the kind, or the deltas of a `data` event. */
type Expected = 'noise' | 'malformed' | readonly Delta[];

interface GoldenCase {
  readonly dialect: Dialect;
  readonly name: string;
  readonly whole: boolean;
  readonly bytes: Buffer;
  readonly expected: readonly Expected[];
}

const seed = Number(process.env['GOLDEN_SEED'] ?? 20_260_101);
const splitsPerCase = 200;
const maxEventBytes = 1_000_000;
const folder = join(import.meta.dirname, '../../test/golden/streams');

const cases = dialects.flatMap((dialect) =>
  readdirSync(join(folder, dialect.name))
    .filter((file) => !file.endsWith('.expect.json'))
    .map((file): GoldenCase => {
      const name = file.slice(0, file.lastIndexOf('.'));
      const expected: readonly Expected[] = JSON.parse(readFileSync(join(folder, dialect.name, `${name}.expect.json`), 'utf8'));
      return { dialect, name, whole: file.endsWith('.json'), bytes: readFileSync(join(folder, dialect.name, file)), expected };
    }),
);
const streams = cases.filter((golden) => !golden.whole);

/** A small seeded generator (mulberry32): the same splits on every machine. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function feed(reader: EventReader, pieces: readonly Uint8Array[]): readonly ReplyEvent[] {
  return [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.end()];
}

function cut(bytes: Buffer, random: () => number): readonly Uint8Array[] {
  const marks = Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * (bytes.length + 1)));
  const edges = [0, ...marks.sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

function meaningOf(events: readonly ReplyEvent[]): readonly Expected[] {
  return events.map((event) => (event.kind === 'data' ? event.deltas : event.kind));
}

function assertReads(golden: GoldenCase, bytes: Buffer, pieces: readonly Uint8Array[]): readonly ReplyEvent[] {
  const events = feed(golden.dialect.readStream(maxEventBytes), pieces);
  assert.deepEqual(meaningOf(events), golden.expected);
  assert.ok(Buffer.concat(events.map((event) => event.raw)).equals(bytes), 'the raw bytes of all events are the bytes received');
  for (const event of events) assert.ok(event.kind === 'data' || event.deltas.length === 0);
  return events;
}

/** The same text with other line ends. NDJSON knows no bare CR. */
function withLineEnds(golden: GoldenCase, end: string): Buffer {
  return Buffer.from(golden.bytes.toString('utf8').replaceAll('\n', end));
}

test('every dialect has at least five cases, whole bodies among them', () => {
  for (const dialect of dialects) {
    const own = cases.filter((golden) => golden.dialect === dialect);
    assert.ok(own.length >= 5, dialect.name);
    assert.ok(own.some((golden) => golden.whole) && own.some((golden) => !golden.whole), dialect.name);
  }
});

for (const golden of cases.filter((each) => each.whole)) {
  test(`${golden.dialect.name}: ${golden.name}`, () => {
    const event = golden.dialect.readWhole(golden.bytes);
    assert.deepEqual(meaningOf([event]), golden.expected);
    assert.equal(event.raw, golden.bytes);
  });
}

for (const golden of streams) {
  const lineEnds = golden.dialect.streamType === 'text/event-stream' ? ['\n', '\r\n', '\r'] : ['\n', '\r\n'];
  for (const end of lineEnds) {
    const named = JSON.stringify(end);
    test(`${golden.dialect.name}: ${golden.name} with ${named}, in one piece, in single bytes, in two and in ${splitsPerCase} random splits`, (t) => {
      t.diagnostic(`seed ${seed}`);
      const bytes = withLineEnds(golden, end);
      const whole = assertReads(golden, bytes, [bytes]);
      const split = (pieces: readonly Uint8Array[]): void => {
        const events = assertReads(golden, bytes, pieces);
        assert.deepEqual(
          events.map((event) => Buffer.from(event.raw)),
          whole.map((event) => Buffer.from(event.raw)),
        );
      };
      split(Array.from(bytes, (byte) => Buffer.of(byte)));
      for (let at = 1; at < bytes.length; at += 1) split([bytes.subarray(0, at), bytes.subarray(at)]);
      const random = randomFrom(seed);
      for (let round = 0; round < splitsPerCase; round += 1) split(cut(bytes, random));
    });
  }
}
