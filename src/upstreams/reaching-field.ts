/** Templates are programs: a caller's own one is refused by every server's kind. */
const templateFields = ['chat_template', 'chat_template_kwargs.chat_template'];

/** The first field by which a body would make a server reach out; null if there is none. `fields`: the server's own, beside the templates. */
export function reachingField(body: Readonly<Record<string, unknown>>, fields: readonly string[]): string | null {
  return [...templateFields, ...fields].find((path) => isSet(body, path.split('.'))) ?? null;
}

function isSet(value: unknown, path: readonly string[]): boolean {
  const [field, ...rest] = path;
  if (field === undefined) return value !== null;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return false;
  return isSet(Object.entries(value).find(([key]) => key === field)?.[1], rest);
}
