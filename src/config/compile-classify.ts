import { normaliseText } from '#core/classify/words.ts';
import type { Bucket } from '#core/policy/policy.ts';
import { parseSize } from '#core/units/parse-size.ts';
import { entriesOf } from './compilation.ts';
import type { Entry } from './compilation.ts';
import { routeNamed } from './compile-routes.ts';
import type { Routes } from './compile-routes.ts';
import { keysAt } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';
import { bucketSchema } from './schema.ts';
import type { BucketFile } from './schema.ts';

/** Compiles `classify:`; null without it. */
export function compileClassify(report: Report, routes: Routes): readonly Bucket[] | null {
  const { source } = report;
  if (!source.keys.has('classify')) return null;
  const entries = entriesOf(report, 'classify', bucketSchema);
  checkRest(entries, report);
  const owners = new Map<string, string>();
  return entries.flatMap(({ name, path, file }) => {
    if (!file) return [];
    const words = wordsOf(file, [...path, 'words'], report);
    for (const { word, at } of words) warnShared(word, at, owners, name, report);
    const route = chatRoute(routes, file.route, [...path, 'route'], report);
    const above = aboveOf(path, file, routes, report);
    return route === null || above === null
      ? []
      : [{ name, route, words: words.map(({ word }) => word), image: file.image ?? false, above }];
  });
}

/** Exactly one bucket takes what no word and no image claims. */
function checkRest(entries: readonly Entry<BucketFile>[], report: Report): void {
  if (entries.some(({ file, pruned }) => file === null || pruned)) return;
  const rest = entries.filter(({ file }) => file && file.words === undefined && file.image !== true);
  const [first, ...more] = rest;
  if (!first) report.error(['classify'], 'one bucket must have neither words nor image: it takes all the rest', { at: 'key' });
  for (const { path, name } of more) {
    report.error(
      path,
      `"${name}" has neither words nor image, and neither has "${first?.name ?? ''}"; only one bucket takes all the rest`,
      { at: 'key' },
    );
  }
}

function wordsOf(file: BucketFile, path: PolicyPath, report: Report): readonly { readonly word: string; readonly at: PolicyPath }[] {
  const words = new Map<string, PolicyPath>();
  for (const [index, text] of (file.words ?? []).entries()) {
    const at = [...path, index];
    const word = normaliseText(text);
    if (word === '') report.error(at, 'a word is not empty');
    else if (words.has(word)) report.note(at, `"${word}" is already in this bucket and counts once`);
    else words.set(word, at);
  }
  return [...words].map(([word, at]) => ({ word, at }));
}

function warnShared(word: string, at: PolicyPath, owners: Map<string, string>, bucket: string, report: Report): void {
  const owner = owners.get(word);
  if (owner === undefined) owners.set(word, bucket);
  else report.warn(at, `"${word}" is also in ${owner}, which is written first and wins a tie`);
}

/** A route that `auto` may choose; only chat is classified. */
function chatRoute(routes: Routes, name: string, path: PolicyPath, report: Report): string | null {
  const own = routeNamed(routes, name, path, report);
  const serves = routes.targets.get(routes.routes.get(own ?? '')?.target[0] ?? '')?.model.serves;
  if (serves === undefined || serves === 'chat') return own;
  report.error(path, `"${name}" serves ${serves}; only chat is classified`);
  return null;
}

function aboveOf(path: PolicyPath, file: BucketFile, routes: Routes, report: Report): Bucket['above'] | null {
  const steps: { tokens: number; route: string; written: string }[] = [];
  const keys = keysAt(report.source, [...path, 'above']);
  for (const written of keys) {
    const at = [...path, 'above', written];
    const parsed = parseSize(written);
    const route = chatRoute(routes, file.above?.[written] ?? '', at, report);
    if ('problem' in parsed) {
      report.error(at, parsed.problem, { at: 'key' });
      continue;
    }
    const same = steps.find((step) => step.tokens === parsed.value);
    if (same) report.error(at, `${written} is the same size as ${same.written}`, { at: 'key' });
    else if (route !== null) steps.push({ tokens: parsed.value, route, written });
  }
  if (steps.length < keys.length) return null;
  return steps.toSorted((a, b) => a.tokens - b.tokens).map(({ tokens, route }) => ({ tokens, route }));
}
