import { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import { namePattern } from './schema-leaves.ts';
import { valueAt } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';

type Issue = z.core.$ZodIssue;

/** Says what the shape of a policy lacks, in a person's words and at the offending text. */
export function reportIssues(issues: readonly Issue[], schema: z.ZodType, report: Report, base: PolicyPath = []): void {
  // Unknown keys first, because one that is misspelt explains why another is missing.
  const unknown = issues.filter((issue) => issue.code === 'unrecognized_keys');
  const others = issues.filter((issue) => issue.code !== 'unrecognized_keys');
  for (const issue of [...unknown, ...others]) reportIssue(issue, schema, report, base);
}

function reportIssue(issue: Issue, schema: z.ZodType, report: Report, base: PolicyPath): void {
  const path: PolicyPath = [...base, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysOf(schemaAt(schema, path));
      for (const key of issue.keys) {
        const suggestion = didYouMean(key, known);
        const message = suggestion === null ? `unknown key "${key}"; there are ${known.join(', ')}` : `unknown key "${key}"`;
        report.error([...path, key], message, { at: 'key', suggestion });
        if (suggestion !== null) report.guess([...path, suggestion]);
      }
      return;
    }
    case 'invalid_key': {
      const name = String(path.at(-1));
      const fixed = name
        .toLowerCase()
        .replaceAll(/[^a-z0-9._-]+/g, '-')
        .replace(/^[^a-z0-9]+/, '');
      report.error(path, issue.issues[0]?.message ?? `"${name}" is no name`, {
        at: 'key',
        suggestion: namePattern.test(fixed) && fixed !== name ? fixed : null,
      });
      return;
    }
    case 'invalid_union': {
      const value = valueAt(report.source, path);
      const branch = issue.errors.find((inner) => inner.length > 0 && inner.every((one) => !isWrongKind(one)));
      if (value === undefined) reportMissing(path, report);
      else if (branch) reportIssues(branch, schema, report, path);
      else reportUnion(issue, path, report);
      return;
    }
    case 'invalid_value': {
      const value = valueAt(report.source, path);
      if (value === undefined) reportMissing(path, report, `: write ${String(path.at(-1))}: ${issue.values.map(String).join(' or ')}`);
      else reportChoice(value, issue.values.map(String), path, report);
      return;
    }
    case 'invalid_type':
      reportType(issue.expected, issue.message, path, report);
      return;
    default:
      report.error(path, issue.message);
  }
}

/** Whether a branch of a union failed because the value is another kind of thing altogether. */
function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function reportUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: PolicyPath, report: Report): void {
  const value = valueAt(report.source, path);
  const words = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : [])),
  );
  const suggestion = typeof value === 'string' ? didYouMean(value, words) : null;
  report.error(path, `${issue.message}, found ${describe(value)}`, { suggestion });
}

function reportMissing(path: PolicyPath, report: Report, example = ''): void {
  report.error(path, `"${String(path.at(-1))}" is missing${example}`);
}

function reportChoice(value: unknown, choices: readonly string[], path: PolicyPath, report: Report): void {
  const wanted = choices.length === 1 ? `expected ${choices[0] ?? ''}` : `expected one of ${choices.join(', ')}`;
  const quoted = typeof value === 'string' && choices.includes(value);
  const suggestion = typeof value === 'string' && !quoted ? didYouMean(value, choices) : null;
  report.error(path, `${wanted}, found ${describe(value)}${quoted ? '; take it out of its quotes' : ''}`, { suggestion });
}

const wanted: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping of names',
};

const spellings: ReadonlyMap<unknown, string> = new Map([
  ['yes', 'true'],
  ['on', 'true'],
  ['no', 'false'],
  ['off', 'false'],
]);

function reportType(expected: string, message: string, path: PolicyPath, report: Report): void {
  const value = valueAt(report.source, path);
  if (value === undefined) return reportMissing(path, report);
  // A message that is not the library's own was written for this key.
  if (!message.startsWith('Invalid input')) {
    const said = message.startsWith('expected') ? `${message}, found ${describe(value)}` : message;
    return report.error(path, said);
  }
  const quoted = expected === 'string' && (typeof value === 'number' || typeof value === 'boolean') ? `; put it in quotes` : '';
  const suggestion = expected === 'boolean' ? (spellings.get(typeof value === 'string' ? value.toLowerCase() : value) ?? null) : null;
  report.error(path, `expected ${wanted[expected] ?? expected}, found ${describe(value)}${quoted}`, { suggestion });
}

/** What was found, short. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
}

/** The schema that rules the value at a path. */
function schemaAt(schema: z.ZodType, path: PolicyPath): z.ZodType | null {
  let at: z.core.$ZodType | null = schema;
  for (const step of path) {
    const here: z.core.$ZodType | null = bare(at);
    if (here instanceof z.ZodObject) at = here.shape[String(step)] ?? null;
    else if (here instanceof z.ZodRecord) at = here.valueType;
    else if (here instanceof z.ZodArray) at = here.element;
    else return null;
  }
  const found = bare(at);
  return found instanceof z.ZodType ? found : null;
}

/** Takes off what is wrapped around a schema; of a union, the branch that is a mapping or a list. */
function bare(schema: z.core.$ZodType | null): z.core.$ZodType | null {
  if (schema instanceof z.ZodOptional) return bare(schema.unwrap());
  if (schema instanceof z.ZodPipe) return bare(schema.in);
  if (schema instanceof z.ZodUnion)
    return (
      schema.options.map((option) => bare(option)).find((option) => option instanceof z.ZodObject || option instanceof z.ZodArray) ?? null
    );
  return schema;
}

function keysOf(schema: z.ZodType | null): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
