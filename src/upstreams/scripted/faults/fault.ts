import type { ErrorCode } from '#core/errors/catalog.ts';
import type { AttemptResult } from '#core/routing/outcome.ts';
import type { ChatAnswer } from '#upstreams/scripted/chat-script.ts';
import type { Script, Step } from '#upstreams/scripted/script.ts';

/**
 * The catalogue of faults: everything a model server, the network before it or a client is known to do wrong, as data. A fault is a row
 * of cases; a case makes the script of one lying reply from what a healthy machine would have said, and says what has to come of it in a
 * house where another machine stands behind.
 *
 * How to use it: take `faultCatalog` (`fault-catalog.ts`), pick a case, and play `case.script(call, dice)` for the request with whatever
 * runs scripts: the byte engine on real sockets (`../engine.ts`), or `runScript` on a virtual wire and clock. A script is data; all chance
 * comes from the dice. What a script cannot say stands beside it: `door` (nobody listens, nobody accepts), `client` (what the caller
 * does), `names` (what the resolver says). Scripts that break off in the middle of an answer wait at the gate `toldGate` until the
 * caller holds what was said so far: whoever plays them opens it then, or puts a pause in its place (`replaceGates`).
 */
export interface Fault {
  readonly id: string;
  readonly title: string;
  /** What is seen of it on the wire, in a sentence. */
  readonly looks: string;
  readonly cases: readonly FaultCase[];
}

export type Form = 'stream' | 'whole';

/** The request that a fault is played to. */
export interface FaultCall {
  readonly form: Form;
  /** What a healthy machine would have answered: at least three pieces of text. */
  readonly answer: Omit<ChatAnswer, 'text'> & { readonly text: readonly string[] };
  /** The caller, or the gatehouse for it, asked for the usage event. */
  readonly includeUsage: boolean;
  /** Where a redirect leads. */
  readonly elsewhere: string;
}

/** Chance for scripts; seeded, so that the same seed gives the same bytes. */
export interface FaultDice {
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

/** One way in which a fault shows, and what has to come of it. */
export interface FaultCase {
  /** Completes "when it happens": `before the first word`. */
  readonly name: string;
  readonly forms: readonly Form[];
  readonly script: (call: FaultCall, dice: FaultDice) => Script;
  readonly ends: FaultEnd;
  /** Only the first request meets it; the next is answered well. Default: every request does. */
  readonly once?: true;
  /** One good answer goes before, on the connection that is then used again. */
  readonly warm?: true;
  /** What stands instead of a server that accepts connections. */
  readonly door?: Door;
  readonly client?: ClientScript;
  readonly names?: NamesScript;
  /** Clocks of the policy that must be small for the fault to be seen soon, in milliseconds. */
  readonly clocks?: ClocksNeeded;
  /** The kind of server that has this fault; default: any that speaks the OpenAI API and stops when its caller leaves. */
  readonly kind?: string;
  /** The machine is left alone afterwards: the next request does not reach it. */
  readonly shuns?: true;
  /** What a caller holds of the answer, if it is not the answer's own text. */
  readonly hears?: (call: FaultCall) => string;
  /** The text goes on with this piece for ever. */
  readonly endless?: string;
}

/**
 * What has to come of it.
 *
 * - `answered`: the machine's own answer, whole, in spite of the fault;
 * - `next`: nothing of it reaches the caller, and the next candidate is asked; with nobody left the caller is told `alone`;
 * - `broken`: the caller holds the beginning; then an error in band with this code, and no terminator;
 * - `left`: the caller is gone; the machine is left at once, and the record says `cancelled`;
 * - `cut`: the house ends the connection of a caller who blocks a slot that others wait for.
 */
export type FaultEnd =
  | { readonly then: 'answered' }
  | { readonly then: 'next'; readonly result: AttemptResult; readonly alone: ErrorCode }
  | { readonly then: 'broken'; readonly code: ErrorCode }
  | { readonly then: 'left' }
  | { readonly then: 'cut' };

/**
 * - `refuses`: nobody listens;
 * - `black_hole`: connecting is never answered;
 * - `flaps`: now nobody listens, now somebody does.
 */
export type Door = 'refuses' | 'black_hole' | 'flaps';

/** What a client does that is not as clients should. */
export type ClientScript =
  | { readonly does: 'leaves'; readonly at: 'upload' | 'waiting' | 'words' | 'end' }
  | { readonly does: 'reads_slowly' }
  /** Until `others` wait for its slot, or the attempt's `total` clock ends it. */
  | { readonly does: 'reads_nothing'; readonly until: 'others' | 'total' };

/** What a machine's name leads to when the policy is loaded, and at every later look-up. */
export interface NamesScript {
  readonly first: readonly string[];
  readonly later: readonly string[];
}

export interface ClocksNeeded {
  readonly connectMs?: number;
  readonly firstTokenMs?: number;
  readonly idleMs?: number;
  readonly replyMs?: number;
  readonly totalMs?: number;
}

/** Opened when the caller holds everything that was said so far. */
export const toldGate = 'told';
/** Opened when the test is done with a machine that goes on for nobody. */
export const overGate = 'over';

/** The same script with another step for each gate: a pause, for a server that cannot know what its caller holds, or a gate of its own. */
export function replaceGates(script: Script, by: (gate: string) => Step): Script {
  return script.map((step) => {
    if (step.do === 'gate') return by(step.name);
    return step.do === 'repeat' ? { ...step, steps: replaceGates(step.steps, by) } : step;
  });
}

/** Dice from a seed (mulberry32). */
export function faultDice(seed: number): FaultDice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    int,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[int(0, items.length - 1)];
      if (item === undefined) throw new Error('there is nothing to pick from');
      return item;
    },
  };
}
