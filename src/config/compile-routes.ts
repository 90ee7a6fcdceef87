import type { Route, TargetId } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import { entriesOf, placed } from './compilation.ts';
import type { Entry, Found } from './compilation.ts';
import type { Upstreams } from './compile-upstreams.ts';
import { didYouMean } from './did-you-mean.ts';
import type { PolicyPath, Report } from './policy-source.ts';
import { routeSchema } from './schema.ts';
import type { RoutePlanFile } from './schema.ts';
import { targetNamed, targetsOf } from './target-names.ts';
import type { KnownTarget } from './target-names.ts';

/** The routes of a policy while it is read. */
export interface Routes {
  /** In file order. Null for a route that is there but wrong. */
  readonly routes: ReadonlyMap<string, Route | null>;
  readonly secondNames: readonly { readonly name: string; readonly route: string }[];
  /** Every name, second ones included, to a route's own name; null where that is not known. */
  readonly ownNames: ReadonlyMap<string, string | null>;
  readonly targets: ReadonlyMap<TargetId, KnownTarget>;
}

/** Finds a route by any of its names. */
function findRoute(routes: Routes, name: string): Found<string> {
  const own = routes.ownNames.get(name);
  if (own === undefined) return { state: 'unknown' };
  return own === null ? { state: 'broken' } : { state: 'known', value: own };
}

/** Resolves the name of a route where one is asked for; null if there is none, which is then in the report, or if it is wrong in itself. */
export function routeNamed(routes: Routes, name: string, path: PolicyPath, report: Report): string | null {
  const found = findRoute(routes, name);
  if (found.state === 'known') return found.value;
  if (found.state === 'unknown') report.error(path, `no route "${name}"`, { suggestion: didYouMean(name, routes.ownNames.keys()) });
  return null;
}

type Targets = readonly TargetId[] | 'broken';

/** Compiles `routes:`. */
export function compileRoutes(report: Report, upstreams: Upstreams, house: string): Routes {
  const entries = new Map(entriesOf(report, 'routes', routeSchema).map((entry) => [entry.name, entry]));
  const ownNames = ownNamesOf(entries, report);
  const targets = targetsOf(upstreams.values());
  const known = { upstreams, house, others: [...entries.keys()] };
  const resolved = new Map<string, Targets>();
  const open: string[] = [];

  /** The targets a list's text stands for: a target itself, or those of a route. */
  const resolve = (text: string, path: PolicyPath): Targets => {
    const own = ownNames.get(text);
    if (own === null) return 'broken';
    if (own !== undefined) return targetsOfRoute(own, path);
    const id = targetNamed(text, path, known, report);
    return id === null ? 'broken' : [id];
  };
  const targetsOfRoute = (name: string, from: PolicyPath): Targets => {
    const before = resolved.get(name);
    if (before) return before;
    if (open.includes(name)) {
      report.error(from, `goes in a circle: ${[...open.slice(open.indexOf(name)), name].join(' → ')}`);
      return 'broken';
    }
    const entry = entries.get(name);
    if (!entry?.file || typeof entry.file === 'string') return 'broken';
    open.push(name);
    const path = [...entry.path, 'target'];
    const found = join(placed(entry.file.target, path).map((one) => resolve(one.text, one.path)));
    open.pop();
    resolved.set(name, found);
    return found;
  };

  const routes = new Map<string, Route | null>();
  for (const { name, path, file } of entries.values()) {
    if (typeof file === 'string') continue;
    const target = targetsOfRoute(name, path);
    const list = (key: 'spill' | 'failover'): Targets => listOf(placed(file?.[key], [...path, key]), target, resolve, report);
    const [spill, failover] = file ? [list('spill'), list('failover')] : (['broken', 'broken'] as const);
    if (file) reportLater(file, path, report);
    const whole = file && target !== 'broken' && spill !== 'broken' && failover !== 'broken';
    const route = whole ? { name, target, spill, failover } : null;
    routes.set(name, route && checkRoute(route, path, targets, report) ? route : null);
  }
  return { routes, secondNames: secondNamesOf(entries, ownNames), ownNames, targets };
}

type RouteEntry = Entry<string | RoutePlanFile>;

/** Resolves second names, also of second names. */
function ownNamesOf(entries: ReadonlyMap<string, RouteEntry>, report: Report): ReadonlyMap<string, string | null> {
  const own = new Map<string, string | null>();
  for (const [name, { file, path }] of entries) {
    const seen = new Set([name]);
    let at: string | null = name;
    let next = file;
    while (typeof next === 'string' && at !== null) {
      const entry = entries.get(next);
      if (entry && !seen.has(next)) {
        seen.add(next);
        at = next;
        next = entry.file;
        continue;
      }
      // The end of a chain is reported once, where it breaks.
      if (at === name && !entry)
        report.error(path, `no route "${next}" to be a second name of`, {
          suggestion: didYouMean(
            next,
            [...entries.keys()].filter((one) => one !== name),
          ),
        });
      else if (entry && next === name) report.error(path, `goes in a circle: ${[...seen, next].join(' → ')}`);
      at = null;
    }
    own.set(name, at);
  }
  return own;
}

function secondNamesOf(entries: ReadonlyMap<string, RouteEntry>, ownNames: ReadonlyMap<string, string | null>): Routes['secondNames'] {
  return [...entries.values()].flatMap(({ name, file }) => {
    const route = ownNames.get(name);
    return typeof file === 'string' && typeof route === 'string' ? [{ name, route }] : [];
  });
}

/** The targets of several entries, each once, in order. */
function join(parts: readonly Targets[]): Targets {
  const all: TargetId[] = [];
  for (const part of parts) {
    if (part === 'broken') return 'broken';
    for (const id of part) if (!all.includes(id)) all.push(id);
  }
  return all;
}

/** A spill or failover list; what can never be reached in it gets a warning. */
function listOf(
  entries: readonly { readonly text: string; readonly path: PolicyPath }[],
  target: Targets,
  resolve: (text: string, path: PolicyPath) => Targets,
  report: Report,
): Targets {
  const parts: Targets[] = [];
  for (const { text, path } of entries) {
    const part = resolve(text, path);
    const before = join(parts);
    if (part !== 'broken' && part.every((id) => target.includes(id)))
      report.warn(path, `"${text}" is the target itself, so it is never reached here`);
    else if (part !== 'broken' && part.every((id) => before.includes(id))) report.warn(path, `"${text}" is already in this list`);
    parts.push(part);
  }
  return join(parts);
}

function reportLater(file: RoutePlanFile, path: PolicyPath, report: Report): void {
  if (file.cache !== undefined) report.note([...path, 'cache'], 'not yet in force', { at: 'key' });
  if (file.require !== undefined) {
    report.error([...path, 'require'], 'proof is not built yet, and a requirement that is not kept would be a false promise; take it out', {
      at: 'key',
    });
  }
}

/** Members of a group must be interchangeable; all entries of a route serve the same, and embeddings come from one model only. */
function checkRoute(route: Route, path: PolicyPath, targets: ReadonlyMap<TargetId, KnownTarget>, report: Report): boolean {
  const first = targets.get(route.target[0] ?? '');
  if (!first) return false;
  let right = true;
  const wrong = (at: PolicyPath, message: string): void => {
    right = false;
    report.error(at, message);
  };
  for (const id of route.target.slice(1)) {
    const member = targets.get(id);
    const difference = member && differenceOf(first, member);
    if (difference !== undefined && difference !== null)
      wrong([...path, 'target'], `${first.id} and ${id} cannot be one group: ${difference}`);
  }
  for (const key of ['spill', 'failover'] as const) {
    for (const id of route[key]) {
      const model = targets.get(id)?.model;
      if (!model) continue;
      if (model.serves !== first.model.serves)
        wrong([...path, key], `${id} serves ${model.serves}, but the target ${first.id} serves ${first.model.serves}`);
      else if (model.serves === 'embeddings' && withoutLatest(model.name) !== withoutLatest(first.model.name)) {
        wrong([...path, key], `${id} is another model than ${first.id}; vectors of different models do not mix`);
      }
    }
  }
  return right;
}

/** Why two members of a group are not interchangeable; null if they are. */
function differenceOf(a: KnownTarget, b: KnownTarget): string | null {
  if (withoutLatest(a.model.name) !== withoutLatest(b.model.name)) return 'they are different models';
  if (a.model.serves !== b.model.serves) return `one serves ${a.model.serves}, the other ${b.model.serves}`;
  if (a.model.context !== b.model.context)
    return `their context differs (${a.model.context ?? 'unknown'} and ${b.model.context ?? 'unknown'} tokens)`;
  if (a.model.input.join() !== b.model.input.join()) return 'their input differs';
  if (a.model.tools !== b.model.tools) return 'only one has tools';
  return a.model.reasoning === b.model.reasoning ? null : 'only one has reasoning';
}
