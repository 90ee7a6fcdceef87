import type { z } from 'zod';
import { keysAt, valueAt } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';

/** One entry of a section: parsed, or null where its shape is wrong, which is reported elsewhere. Its name is known either way. */
export interface Entry<T> {
  readonly name: string;
  readonly path: PolicyPath;
  readonly file: T | null;
  /** Whether keys that nobody knows were taken out, so that what seems to be missing may only be misspelt. */
  readonly pruned: boolean;
}

/** The entries of a section in file order. One with a wrong shape stays in, so that what refers to it is not wrong too. */
export function entriesOf<T>(report: Report, section: string, schema: z.ZodType<T>): readonly Entry<T>[] {
  return keysAt(report.source, [section]).map((name) => {
    const path = [section, name];
    const value = valueAt(report.source, path);
    const parsed = schema.safeParse(value);
    if (parsed.success) return { name, path, file: parsed.data, pruned: false };
    const unknown = parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [],
    );
    const again = schema.safeParse(without(value, unknown));
    return { name, path, file: again.success ? again.data : null, pruned: true };
  });
}

/** A copy of a value without what stands at the given paths; one misspelt key shall not hide the other mistakes of its entry. */
function without(value: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
  if (Array.isArray(value)) return value.map((inner: unknown, at) => without(inner, below(paths, at)));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !paths.some((path) => path.length === 1 && path[0] === key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, without(inner, below(paths, key))]));
}

function below(paths: readonly (readonly PropertyKey[])[], step: PropertyKey): readonly (readonly PropertyKey[])[] {
  return paths.flatMap((path) => (path[0] === step && path.length > 1 ? [path.slice(1)] : []));
}

/** The entry a name stands for. `broken` is there but wrong in itself: whoever refers to it is not to blame. */
export type Found<T> = { readonly state: 'known'; readonly value: T } | { readonly state: 'broken' } | { readonly state: 'unknown' };

/** Texts of a list, each with its place; `one` is how a single text may be written instead of a list. */
export function placed(
  texts: readonly string[] | undefined,
  path: PolicyPath,
): readonly { readonly text: string; readonly path: PolicyPath }[] {
  return (texts ?? []).map((text, at) => ({ text, path: [...path, at] }));
}
