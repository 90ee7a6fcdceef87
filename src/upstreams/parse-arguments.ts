import type { Json } from '#core/policy/policy.ts';
import { isJsonFields } from './json-fields.ts';

/** A call's arguments as the object that some APIs want instead of text. What is no object is kept under `arguments`, and said so. */
export function parseArguments(text: string, changes: string[]): Json {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Whatever it is, the model wrote it and gets it back.
  }
  changes.push('arguments of an earlier call that are no JSON object wrapped in one');
  return { arguments: text };
}

/** Everything in it was JSON. */
function isJsonObject(value: unknown): value is { readonly [key: string]: Json } {
  return isJsonFields(value);
}
