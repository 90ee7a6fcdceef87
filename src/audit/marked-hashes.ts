import { HashTable } from './hash-table.ts';

/** Hashes with their bits, the first entry that names each, and how often entries and nodes name it: about 70 bytes each. */
export class MarkedHashes {
  readonly #table = new HashTable();
  #bits = new Uint8Array(1024);
  #seqs = new Float64Array(1024);
  #counts = new Uint32Array(1024);

  get size(): number {
    return this.#table.size;
  }

  add(hash: Uint8Array): number {
    const number = this.#table.add(hash);
    if (number < this.#bits.length) return number;
    const length = this.#bits.length * 2;
    const [bits, seqs, counts] = [new Uint8Array(length), new Float64Array(length), new Uint32Array(length)];
    bits.set(this.#bits);
    seqs.set(this.#seqs);
    counts.set(this.#counts);
    [this.#bits, this.#seqs, this.#counts] = [bits, seqs, counts];
    return number;
  }

  mark(number: number, bits: number, seq = 0): void {
    this.#bits[number] = this.bitsOf(number) | bits;
    if (seq > 0 && this.#seqs[number] === 0) this.#seqs[number] = seq;
  }

  /** Takes a bit and the counts back from all. */
  forget(bit: number): void {
    this.#counts.fill(0);
    this.#bits.forEach((value, number) => (this.#bits[number] = value & ~bit));
  }

  countUp(number: number): void {
    this.#counts[number] = this.count(number) + 1;
  }

  count(number: number): number {
    return this.#counts[number] ?? 0;
  }

  bitsOf(number: number): number {
    return this.#bits[number] ?? 0;
  }

  /** The first entry that names it; 0 if none does. */
  seqOf(number: number): number {
    return this.#seqs[number] ?? 0;
  }

  has(number: number, bits: number): boolean {
    return (this.bitsOf(number) & bits) === bits;
  }
}
