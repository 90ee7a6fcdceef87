/**
 * Shares a machine's busy time among the attempts that run on it at once: while k run, each is charged a k-th of the time. The shares of all
 * attempts add up to the time in which the machine had anything to do, so that energy is counted once.
 */
export class BusyMeter {
  readonly #machines = new Map<string, { running: number; at: number; share: number }>();

  /** An attempt begins on a machine (the upstream whose slots it uses). Call what is returned once, at its end: the share in milliseconds. */
  begin(machine: string, at: number): (endedAt: number) => number {
    const state = this.#machines.get(machine) ?? { running: 0, at, share: 0 };
    this.#machines.set(machine, state);
    advance(state, at);
    state.running++;
    const from = state.share;
    return (endedAt) => {
      advance(state, endedAt);
      state.running--;
      if (state.running === 0) this.#machines.delete(machine);
      return state.share - from;
    };
  }
}

/** `share` grows by what one attempt is charged for the time that passed. */
function advance(state: { running: number; at: number; share: number }, at: number): void {
  if (state.running > 0) state.share += Math.max(0, at - state.at) / state.running;
  state.at = at;
}
