import { isJsonFields } from './json-fields.ts';
import type { JsonFields } from './json-fields.ts';

/** Templates are programs: a caller's own one is refused by every server's kind. */
const templateFields = ['chat_template', 'chat_template_kwargs.chat_template'];

/**
 * Finds the first field by which a body would make a server reach out; null if there is none. `fields`: the server's own, beside the
 * templates.
 */
export function reachingFields(fields: readonly string[]): (body: JsonFields) => string | null {
  const looked = [...templateFields, ...fields].map((name) => ({ name, path: name.split('.') }));
  return (body) => looked.find(({ path }) => isSet(body, path))?.name ?? null;
}

function isSet(body: JsonFields, path: readonly string[]): boolean {
  let value: unknown = body;
  for (const field of path) {
    if (!isJsonFields(value) || !Object.hasOwn(value, field)) return false;
    value = value[field];
  }
  return value !== null;
}
