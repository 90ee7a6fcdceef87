import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Dialect, EventReader, ReplyEvent } from '#core/reply/event.ts';
import { dialects } from '#dialects/registry.ts';
import { ROOT } from '#scripts/tree.ts';
import { surfaces } from '#surfaces/registry.ts';
import type { Dice } from '#test/sim/random.ts';
import { FuzzFailure, count, most } from './fuzzer.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutateBytes } from './mutate.ts';

interface Stream {
  readonly dialect: Dialect;
  readonly bytes: Buffer;
}

const folder = join(ROOT, 'test/golden/streams');
const eventBytesMax = 4_000;

function readStreams(): readonly Stream[] {
  return dialects.flatMap((dialect) =>
    readdirSync(join(folder, dialect.name))
      .filter((file) => !file.endsWith('.expect.json'))
      .map((file) => ({ dialect, bytes: readFileSync(join(folder, dialect.name, file)) })),
  );
}

/** Replies of every dialect, whole and broken: for every split of the bytes the same events, and nothing that throws. */
export function streamFuzzer(): Fuzzer {
  const streams = readStreams();
  return {
    name: 'streams',
    share: 50,
    legInputs: 50_000,
    run: (leg) => {
      const { from, to, counts } = leg;
      for (let at = from; at < to; at++) {
        const own = leg.dice(at);
        const { dialect, bytes } = own.pick(streams);
        const input = own.chance(0.75) ? mutateBytes(bytes, own) : bytes;
        try {
          const whole = feed(dialect.readStream(eventBytesMax), [input]);
          const split = feed(dialect.readStream(eventBytesMax), cut(input, own));
          if (!isDeepStrictEqual(meaning(whole), meaning(split))) throw new Error('other events for another split');
          dialect.readWhole(input);
          retell(dialect, whole);
          count(counts, dialect.name);
          most(counts, 'eventsMost', whole.length);
        } catch (error) {
          throw Object.assign(new FuzzFailure(at, `${dialect.name}: ${String(error)}`, input.toString('latin1')), { cause: error });
        }
      }
      return Promise.resolve();
    },
  };
}

function feed(reader: EventReader, pieces: readonly Uint8Array[]): readonly ReplyEvent[] {
  return [...pieces.flatMap((piece) => [...reader.push(piece)]), ...reader.end()];
}

function meaning(events: readonly ReplyEvent[]): readonly unknown[] {
  return events.map(({ kind, deltas, raw }) => [kind, deltas, Buffer.from(raw).toString('latin1')]);
}

function cut(bytes: Buffer, dice: Dice): readonly Buffer[] {
  const marks = Array.from({ length: dice.int(1, 12) }, () => dice.int(0, bytes.length)).toSorted((a, b) => a - b);
  const edges = [0, ...marks, bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

/** What a caller would be told of it, whole and in another dialect. */
function retell(dialect: Dialect, events: readonly ReplyEvent[]): void {
  for (const surface of surfaces) {
    if (surface.dialect === dialect) surface.assemble(events);
  }
}
