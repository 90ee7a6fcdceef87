import type { Exhausted, Json, Profile } from '#core/policy/policy.ts';
import { entriesOf, placed } from './compilation.ts';
import { routeNamed } from './compile-routes.ts';
import type { Routes } from './compile-routes.ts';
import { refuseBudget } from './compile-upstreams.ts';
import { spotName, valueAt } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';
import { profileSchema } from './schema.ts';
import type { ProfileFile } from './schema.ts';

const defaults = { waitMs: 0, headAfterMs: 15_000, reasoning: 'release', commit: 'answer', tier: 'sovereign' } as const;

/** Profiles by name in file order; null for one that is there but wrong. */
export type Profiles = ReadonlyMap<string, Profile | null>;

/** Compiles `profiles:`; without the section there is one, `sovereign`. */
export function compileProfiles(report: Report, routes: Routes): Profiles {
  if (!report.source.spots.has('profiles'))
    return new Map([['sovereign', profileOf('sovereign', {}, { routes: null, exhausted: { type: 'error' } })]]);
  const entries = entriesOf(report, 'profiles', profileSchema);
  if (report.source.keys.get('profiles')?.length === 0)
    report.error(['profiles'], 'there is no profile in it; leave the section out for one sovereign profile', { at: 'key' });
  return new Map(
    entries.map(({ name, path, file, pruned }) => {
      if (!file) return [name, null];
      if (file.budget !== undefined) refuseBudget([...path, 'budget'], report);
      if (file.tier === 'coordination') report.note([...path, 'tier'], 'not yet in force: until it is built, coordination is sovereign');
      const exhausted = exhaustedOf(file, [...path, 'exhausted'], pruned, report);
      const allowed = file.routes === undefined ? null : routesOf(file, [...path, 'routes'], routes, report);
      return [name, exhausted && allowed !== 'broken' ? profileOf(name, file, { routes: allowed, exhausted }) : null];
    }),
  );
}

function profileOf(
  name: string,
  file: ProfileFile,
  more: { readonly routes: readonly string[] | null; readonly exhausted: Exhausted },
): Profile {
  return {
    name,
    tier: file.tier ?? defaults.tier,
    routes: more.routes,
    waitMs: file.wait ?? defaults.waitMs,
    fallback: file.fallback ?? 'lists',
    exhausted: more.exhausted,
    reasoning: file.reasoning ?? defaults.reasoning,
    headAfterMs: file.head_after ?? defaults.headAfterMs,
    commit: file.commit ?? defaults.commit,
    ...(file.capture === undefined ? {} : { capture: file.capture }),
  };
}

/** The routes a profile may use, by their own names. */
function routesOf(file: ProfileFile, path: PolicyPath, routes: Routes, report: Report): readonly string[] | 'broken' {
  const names = placed(file.routes, path).map((one) => routeNamed(routes, one.text, one.path, report));
  const known = names.filter((name) => name !== null);
  return known.length === names.length ? [...new Set(known)] : 'broken';
}

function exhaustedOf(file: ProfileFile, path: PolicyPath, pruned: boolean, report: Report): Exhausted | null {
  const said = file.exhausted;
  if (said === undefined || said === 'error') return { type: 'error' };
  const replies = report.source.spots.has(spotName([...path, 'reply']));
  if (said.queue !== undefined && !replies) return { type: 'queue', maxMs: said.queue };
  if (said.queue === undefined && replies) return { type: 'reply', json: jsonOf(valueAt(report.source, [...path, 'reply'])) };
  // An empty mapping may only be one whose key is misspelt, which is said already.
  if (replies || !pruned)
    report.error(path, replies ? 'either queue or reply, not both' : 'expected error, { queue: 30m } or { reply: { … } }');
  return null;
}

/** Values of the file as plain JSON. Infinity and the like, which JSON cannot say, become null. */
function jsonOf(value: unknown): Json {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonOf(inner)]));
  return null;
}
