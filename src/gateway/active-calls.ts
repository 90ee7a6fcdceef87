import type { Principal } from '#core/record/record.ts';
import { LiveList } from '#core/units/live-list.ts';

/** One call under way, as far as others may touch it. */
export interface ActiveCall {
  readonly principal: Principal;
  /** What is being done, for whoever waits for it to end: `homelab/code for k_abc`. */
  readonly label: string;
  readonly since: number;
  /** Ends it at once, without a proper end. */
  cut(): void;
}

/** The calls under way: what a shutdown waits for, and what a revoked key loses. */
export class ActiveCalls {
  readonly #calls = new LiveList<ActiveCall>();

  /** Adds a call; returns how it is taken off when it has ended. */
  add(call: ActiveCall): () => void {
    return this.#calls.add(call);
  }

  list(): readonly ActiveCall[] {
    return this.#calls.list();
  }

  /** Cuts every call of one principal. */
  cutOf(principalId: string): void {
    for (const call of this.list()) if (call.principal.id === principalId) call.cut();
  }
}
