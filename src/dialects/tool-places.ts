import { indexOf } from './payload.ts';

/** What a piece of a tool call says about which of several calls it belongs to. */
export interface ToolPiece {
  readonly index: unknown;
  readonly id: string | null;
  readonly name: string | null;
  /** Where the piece stands in its array, and how many pieces the array has. */
  readonly position: number;
  readonly pieces: number;
}

const callsMax = 1024;

/**
 * Finds the call a piece belongs to, for servers that leave `index` out: by index, else by id, else a name begins a new call, else
 * a piece alone in its array continues the call before it, else by position in the array.
 */
export class ToolPlaces {
  readonly #byId = new Map<string, number>();
  #next = 0;
  #last = 0;

  place(piece: ToolPiece): number {
    const place = this.#find(piece);
    if (piece.id !== null && this.#byId.size < callsMax) this.#byId.set(piece.id, place);
    this.#next = Math.min(Math.max(this.#next, place + 1), callsMax - 1);
    this.#last = place;
    return place;
  }

  #find(piece: ToolPiece): number {
    const index = indexOf(piece.index);
    if (index !== null) return index;
    if (piece.id !== null) return this.#byId.get(piece.id) ?? this.#next;
    if (piece.name !== null) return this.#next;
    return piece.pieces === 1 ? this.#last : Math.min(piece.position, callsMax - 1);
  }
}
