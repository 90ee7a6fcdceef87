import { z } from 'zod';
import { durationPattern, parseDuration } from '#core/units/parse-duration.ts';
import { moneyPattern, parseMoney } from '#core/units/parse-money.ts';
import { parseSize, sizePattern } from '#core/units/parse-size.ts';

/** The scalars a policy is made of. Descriptions are what an editor shows beside a key. */

/** Names of the house, upstreams, routes, buckets and profiles: they stand in model names, headers and metrics. */
export const namePattern = /^[a-z0-9][a-z0-9._-]*$/;

export const nameText = z.string().regex(namePattern, {
  error: (issue) => `"${String(issue.input)}" is no name: small letters, digits, ".", "_" and "-", a letter or digit first`,
});

/** A model's name as its server writes it; only what would break a line is refused. */
export const modelName = z
  .string()
  .regex(/^\S(?:.*\S)?$/, { error: 'a model name has no space at its ends' })
  .refine((name) => !hasControl(name), { error: 'a model name has no control characters' });

function hasControl(text: string): boolean {
  return Array.from(text).some((letter) => letter < ' ' || letter === '\u007f');
}

/** A duration in the file, milliseconds behind it. Without `longestMs` it is one that a timer can count. */
export function duration(description: string, shortestMs: number, { longestMs }: { readonly longestMs?: number } = {}) {
  return z
    .string({ error: (issue) => (typeof issue.input === 'number' ? problemOf(parseDuration(issue.input)) : undefined) })
    .meta({ description, pattern: durationPattern })
    .transform((text, context) => {
      const parsed = parseDuration(text, longestMs);
      if ('value' in parsed && parsed.value >= shortestMs) return parsed.value;
      context.issues.push({ code: 'custom', input: text, message: 'value' in parsed ? 'must be longer than 0' : parsed.problem });
      return z.NEVER;
    });
}

/** A size in tokens. */
export function size(description: string) {
  return z
    .union([z.number(), z.string()], { error: 'expected a size in tokens such as 32k, 32Ki or 32000' })
    .meta({ description, pattern: sizePattern })
    .transform((text, context) => {
      const parsed = parseSize(text);
      if ('value' in parsed) return parsed.value;
      context.issues.push({ code: 'custom', input: text, message: parsed.problem });
      return z.NEVER;
    });
}

/** An amount of money; read exactly, from the text as written, when the policy is compiled. */
export function money(description: string) {
  return z
    .union([z.number(), z.string()], { error: 'expected an amount such as 0.80' })
    .meta({ description, pattern: moneyPattern })
    .check((context) => {
      const parsed = parseMoney(String(context.value));
      // A number may have lost digits on its way here; the text it was written with is judged later.
      if (typeof context.value === 'string' && 'problem' in parsed) {
        context.issues.push({ code: 'custom', input: context.value, message: parsed.problem });
      }
    });
}

export function wholeNumber(description: string) {
  return z
    .int({ error: 'expected a whole number' })
    .min(1, { error: 'must be at least 1' })
    .max(100_000, { error: 'must be at most 100,000' })
    .meta({ description });
}

/** One name or a list of them. */
export function oneOrMore(description: string, wanted = 'a name or a list of names') {
  return z
    .union([z.string(), z.array(z.string()).min(1, { error: 'the list is empty; leave the key out instead' })], {
      error: `expected ${wanted}`,
    })
    .meta({ description })
    .transform((entries) => (typeof entries === 'string' ? [entries] : entries));
}

export function yesOrNo(description: string) {
  return z.boolean().meta({ description });
}

export function listOf<T extends z.ZodType>(entry: T, description: string) {
  return z.array(entry).meta({ description });
}

function problemOf(parsed: { readonly value: number } | { readonly problem: string }): string | undefined {
  return 'problem' in parsed ? parsed.problem : undefined;
}
