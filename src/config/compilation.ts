import type { z } from 'zod';
import { keysAt, valueAt } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';

/** One entry of a section: parsed, or null where its shape is wrong, which is reported elsewhere. Its name is known either way. */
export interface Entry<T> {
  readonly name: string;
  readonly path: PolicyPath;
  readonly file: T | null;
}

/** The entries of a section in file order. One with a wrong shape stays in, so that what refers to it is not wrong too. */
export function entriesOf<T>(report: Report, section: string, schema: z.ZodType<T>): readonly Entry<T>[] {
  return keysAt(report.source, [section]).map((name) => {
    const path = [section, name];
    const parsed = schema.safeParse(valueAt(report.source, path));
    return { name, path, file: parsed.success ? parsed.data : null };
  });
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
