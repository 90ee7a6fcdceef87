import { isJsonArray, isJsonObject } from './script.ts';
import type { Json, JsonObject } from './script.ts';

/** A schema from a stranger must not make us write gigabytes: after so many values only nulls follow. */
const VALUES_MAX = 2_000;

/** Deeper than this a recursive schema gets the shortest thing it allows. */
const DEPTH_MAX = 16;

/**
 * The smallest value a JSON schema (as far as structured output and tool parameters use it) accepts. `text` fills strings that have no rule of
 * their own.
 */
export function schemaInstance(schema: Json | undefined, text: string): Json {
  return instance(schema, { root: schema ?? {}, text, depth: 0, values: { left: VALUES_MAX } });
}

interface Filling {
  readonly root: Json;
  readonly text: string;
  readonly depth: number;
  readonly values: { left: number };
}

function instance(schema: Json | undefined, filling: Filling): Json {
  if (!isJsonObject(schema)) return filling.text;
  filling.values.left -= 1;
  if (filling.values.left < 0) return null;
  const deeper: Filling = { ...filling, depth: filling.depth + 1 };
  if (schema['const'] !== undefined) return schema['const'];
  if (isJsonArray(schema['enum'])) return schema['enum'][0] ?? null;
  if (typeof schema['$ref'] === 'string') return filling.depth > DEPTH_MAX ? null : instance(resolve(schema['$ref'], filling.root), deeper);
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const branches = schema[key];
    if (!isJsonArray(branches)) continue;
    // Too deep: take the way out (`null`) if the schema has one.
    const way = filling.depth > DEPTH_MAX ? branches.find((branch) => isJsonObject(branch) && branch['type'] === 'null') : undefined;
    return instance(way ?? branches[0], deeper);
  }
  const type = isJsonArray(schema['type']) ? schema['type'][0] : (schema['type'] ?? guessType(schema));
  switch (type) {
    case 'object':
      return objectInstance(schema, deeper);
    case 'array':
      return Array.from({ length: count(schema['minItems']) }, () => instance(schema['items'], deeper));
    case 'integer':
    case 'number':
      return numberInstance(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return stringInstance(schema, filling.text);
  }
}

function guessType(schema: JsonObject): string {
  if (isJsonObject(schema['properties'])) return 'object';
  return schema['items'] === undefined ? 'string' : 'array';
}

function objectInstance(schema: JsonObject, filling: Filling): Json {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = isJsonArray(schema['required']) ? schema['required'].filter((name) => typeof name === 'string') : [];
  return Object.fromEntries(required.map((name) => [name, instance(properties[name], filling)]));
}

function numberInstance(schema: JsonObject): number {
  const { minimum, exclusiveMinimum, maximum } = schema;
  if (typeof minimum === 'number') return schema['type'] === 'integer' ? Math.ceil(minimum) : minimum;
  if (typeof exclusiveMinimum === 'number') return Math.floor(exclusiveMinimum) + 1;
  return typeof maximum === 'number' && maximum < 1 ? Math.floor(maximum) : 1;
}

const FORMATS: { readonly [format: string]: string } = {
  date: '2026-01-01',
  time: '12:00:00Z',
  'date-time': '2026-01-01T12:00:00Z',
  duration: 'PT1H',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function stringInstance(schema: JsonObject, text: string): string {
  const known = typeof schema['format'] === 'string' ? FORMATS[schema['format']] : undefined;
  const base = known ?? text;
  const cut = typeof schema['maxLength'] === 'number' ? base.slice(0, count(schema['maxLength'])) : base;
  return cut.padEnd(count(schema['minLength']), 'x');
}

/** Follows `#/a/b` inside the schema; anything else is not resolved. */
function resolve(ref: string, root: Json): Json | undefined {
  if (!ref.startsWith('#')) return undefined;
  let found: Json | undefined = root;
  for (const part of ref.split('/').slice(1))
    found = isJsonObject(found) ? found[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  return found;
}

function count(value: Json | undefined): number {
  return typeof value === 'number' ? Math.min(Math.max(0, Math.trunc(value)), 1_000) : 0;
}
