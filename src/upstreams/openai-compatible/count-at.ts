import { isJsonFields } from '#upstreams/json-fields.ts';
import type { JsonFields } from '#upstreams/json-fields.ts';

/** A whole number above 0 at that place of a server's answer, else null. */
export function countAt(fields: JsonFields, place: readonly string[]): number | null {
  const value = place.reduce<unknown>((inner, field) => (isJsonFields(inner) ? inner[field] : null), fields);
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
