/** An object of a server's JSON whose fields nobody has checked yet. */
export type JsonFields = Readonly<Record<string, unknown>>;

export function isJsonFields(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses text that should be a JSON object; null for everything else. */
export function parseJsonFields(text: string): JsonFields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonFields(value) ? value : null;
  } catch {
    return null;
  }
}

/** The objects of a list; none if it is no list. */
export function fieldsOfList(value: unknown): readonly JsonFields[] {
  return Array.isArray(value) ? value.filter(isJsonFields) : [];
}
