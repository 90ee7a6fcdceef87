/** What a stream has told is kept up to here; of a longer one only its length. */
const bytesMax = 16 * 1024 * 1024;
/** Two lengths, of what an event shares with the one before it at both ends, and the length of the rest. */
const headerBytes = 12;
const firstBytes = 1_024;

/**
 * Remembers a stream while it goes out, for the record. The events of one stream resemble each other: of each only what differs from the one before is
 * kept, so that a thousand long streams at once fit into little memory.
 */
export class ToldTape {
  #tape = new Uint8Array(firstBytes);
  #view = new DataView(this.#tape.buffer);
  #used = 0;
  #before: Uint8Array = new Uint8Array(0);
  #length = 0;

  /** How many bytes were told. */
  get length(): number {
    return this.#length;
  }

  add(event: Uint8Array): void {
    this.#length += event.length;
    if (this.#length > bytesMax) {
      this.#tape = this.#before = new Uint8Array(0);
      this.#used = 0;
      return;
    }
    const before = this.#before;
    const shorter = Math.min(before.length, event.length);
    let start = 0;
    while (start < shorter && before[start] === event[start]) start++;
    let end = 0;
    while (end < shorter - start && before[before.length - 1 - end] === event[event.length - 1 - end]) end++;
    this.#write(start, end, event.subarray(start, event.length - end));
    this.#before = event;
  }

  /** What was told, in the short form that `unpackTold` reads; null where it was too much. */
  packed(): Uint8Array | null {
    return this.#length > bytesMax ? null : this.#tape.slice(0, this.#used);
  }

  #write(start: number, end: number, rest: Uint8Array): void {
    const needed = this.#used + headerBytes + rest.length;
    if (needed > this.#tape.length) {
      const larger = new Uint8Array(Math.max(needed, this.#tape.length * 2));
      larger.set(this.#tape.subarray(0, this.#used));
      this.#tape = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#view.setUint32(this.#used, start, true);
    this.#view.setUint32(this.#used + 4, end, true);
    this.#view.setUint32(this.#used + 8, rest.length, true);
    this.#tape.set(rest, this.#used + headerBytes);
    this.#used = needed;
  }
}

/** What was said, as it came or went out: `packed` bytes are a tape's. */
export function saidBytes({ bytes, packed }: { readonly bytes: Uint8Array; readonly packed?: true }): Uint8Array {
  return packed === true ? unpackTold(bytes) : bytes;
}

/** Everything that was told, in one piece, from its short form. */
export function unpackTold(packed: Uint8Array): Uint8Array {
  const told = new Uint8Array(lengthOf(packed));
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  let before = 0;
  for (let read = 0; read < packed.length;) {
    const [start, end, rest] = [view.getUint32(read, true), view.getUint32(read + 4, true), view.getUint32(read + 8, true)];
    read += headerBytes;
    const eventAt = at;
    told.copyWithin(at, before, before + start);
    told.set(packed.subarray(read, read + rest), at + start);
    // The event before ends where this one begins.
    told.copyWithin(at + start + rest, eventAt - end, eventAt);
    at += start + rest + end;
    read += rest;
    before = eventAt;
  }
  return told;
}

function lengthOf(packed: Uint8Array): number {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let length = 0;
  for (let read = 0; read < packed.length;) {
    const rest = view.getUint32(read + 8, true);
    length += view.getUint32(read, true) + view.getUint32(read + 4, true) + rest;
    read += headerBytes + rest;
  }
  return length;
}
