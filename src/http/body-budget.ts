/** Smaller bodies are not counted: the bound on connections bounds them. */
export const smallBodyBytes = 64_000;

/** What large bodies may hold together, in bytes. Room is taken for the whole body at once, so that two half-read ones never wait for each other. */
export class BodyBudget {
  readonly #bytesMax: number;
  #heldBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes room; false if there is none. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#bytesMax) return false;
    this.#heldBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
