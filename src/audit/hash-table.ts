/** Words of 4 bytes of a hash that are compared: all of a SHA-256, since of some texts nothing but the hash is there to be checked. */
const keyWords = 8;

/**
 * Numbers hashes in the order in which they come, in about 50 bytes each, so that a million calls fit where a `Map` of strings would
 * need ten times as much. What belongs to a hash is kept in arrays beside it, by its number.
 */
export class HashTable {
  #keys = new Uint32Array(1024 * keyWords);
  #slots = new Int32Array(4096).fill(-1);
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The number of a hash, -1 if it was never added. */
  find(hash: Uint8Array): number {
    return this.#slots[this.#slotOf(wordsOf(hash))] ?? -1;
  }

  /** The number of a hash; a new one gets the next. */
  add(hash: Uint8Array): number {
    const words = wordsOf(hash);
    const slot = this.#slotOf(words);
    const known = this.#slots[slot] ?? -1;
    if (known >= 0) return known;
    const number = this.#count++;
    if (this.#count * keyWords > this.#keys.length) this.#keys = grown(this.#keys);
    this.#keys.set(words, number * keyWords);
    this.#slots[slot] = number;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return number;
  }

  #slotOf(words: readonly number[]): number {
    const mask = this.#slots.length - 1;
    let slot = (words[0] ?? 0) & mask;
    for (;;) {
      const number = this.#slots[slot] ?? -1;
      if (number < 0 || this.#holds(number, words)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #holds(number: number, words: readonly number[]): boolean {
    const at = number * keyWords;
    for (let word = 0; word < keyWords; word++) if (this.#keys[at + word] !== words[word]) return false;
    return true;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(-1);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.#count; number++) {
      let slot = (this.#keys[number * keyWords] ?? 0) & mask;
      while ((this.#slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number;
    }
  }
}

function grown(keys: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(keys.length * 2);
  larger.set(keys);
  return larger;
}

function wordsOf(hash: Uint8Array): readonly number[] {
  const word = (at: number): number =>
    ((hash[at] ?? 0) | ((hash[at + 1] ?? 0) << 8) | ((hash[at + 2] ?? 0) << 16) | ((hash[at + 3] ?? 0) << 24)) >>> 0;
  return [word(0), word(4), word(8), word(12), word(16), word(20), word(24), word(28)];
}
