/** Where two values part, and what stands there on either side. */
export interface Difference {
  /** `decision.plan.target[0].target`. */
  readonly field: string;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/** The first place, in the order of the recorded value, where two JSON values differ; null if they are the same, key for key in the same order. */
export function firstDifference(recorded: unknown, replayed: unknown, field: string): Difference | null {
  if (JSON.stringify(recorded) === JSON.stringify(replayed)) return null;
  const [before, after] = [entriesOf(recorded), entriesOf(replayed)];
  if (before === null || after === null || Array.isArray(recorded) !== Array.isArray(replayed)) return { field, recorded, replayed };
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const inner = firstDifference(before.get(key), after.get(key), Array.isArray(recorded) ? `${field}[${key}]` : `${field}.${key}`);
    if (inner) return inner;
  }
  // Equal members in another order are not the same bytes.
  return { field, recorded: [...before.keys()], replayed: [...after.keys()] };
}

function entriesOf(value: unknown): ReadonlyMap<string, unknown> | null {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : null;
}
