/** A value that grows from the deltas of a stream. Its prototype is null, so that `__proto__` is a key like any other. */
export type Merged = Record<string, unknown>;

const depthMax = 32;
/** Texts that servers repeat whole in every delta; all others come in pieces. */
const saidOnce: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name', 'object', 'format', 'expires_at']);

/** Adds one field of a delta: texts and arrays continue what is there, objects are merged field by field, of anything else the last stands. */
export function mergeDelta(into: Merged, field: string, value: unknown, depth = 0): void {
  const present = into[field];
  if (typeof value === 'string' && typeof present === 'string') {
    if (!saidOnce.has(field)) into[field] = present + value;
    else if (present === '') into[field] = value;
  } else if (Array.isArray(value) && Array.isArray(present)) {
    for (const element of value) present.push(boundedCopy(element, depth + 1));
  } else if (isPlainObject(value) && depth < depthMax) {
    const inner: Merged = isPlainObject(present) ? present : Object.create(null);
    into[field] = inner;
    for (const [key, member] of Object.entries(value)) if (member !== null) mergeDelta(inner, key, member, depth + 1);
  } else {
    into[field] = boundedCopy(value, depth);
  }
}

/** A copy that cannot overflow the stack of whoever writes it out: what is nested deeper than 32 levels becomes null. */
export function boundedCopy(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= depthMax) return null;
  if (Array.isArray(value)) return value.map((element) => boundedCopy(element, depth + 1));
  const copy: Merged = Object.create(null);
  for (const [key, member] of Object.entries(value)) copy[key] = boundedCopy(member, depth + 1);
  return copy;
}

function isPlainObject(value: unknown): value is Merged {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
