import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Route, TargetId } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { nearestNames } from './nearest-names.ts';

/** What a name means: leave it to the classifier, a route, or targets by name. */
export type Named =
  | { readonly type: 'auto' }
  | { readonly type: 'route'; readonly route: Route }
  /** `upstream/model`: that target alone. */
  | { readonly type: 'target'; readonly target: TargetId; readonly upstream: string }
  /** A bare model name: all that serve it. */
  | { readonly type: 'model'; readonly members: readonly TargetId[] };

/**
 * Resolves a client's `model`, in this order: `house/auto`, `house/<route>`, either without `house/`, `upstream/model`, a bare model
 * name. A trailing `:latest` is dropped first. Anything else is 404 with the nearest three names.
 */
export function resolveModel(model: string, tables: PolicyTables): Named | GatewayError {
  const name = withoutLatest(model);
  const own = resolveRouteName(name, tables);
  if (own) return own;
  const target = tables.targets.get(name);
  if (target) return { type: 'target', target: target.id, upstream: target.upstream };
  const members = tables.modelNames.get(name);
  if (members) return { type: 'model', members };
  return gatewayError('model_not_found', `There is no model "${shortened(model)}" here. ${nearestSentence(name, namesOf(tables))}`, {
    param: 'model',
  });
}

/** Resolves a name that may only be a route or `auto`, with or without `house/`; null if it is neither. */
export function resolveRouteName(name: string, tables: PolicyTables): Named | null {
  const house = `${tables.policy.house}/`;
  const bare = name.startsWith(house) ? name.slice(house.length) : name;
  if (bare === 'auto') return { type: 'auto' };
  const route = tables.routes.get(bare);
  return route ? { type: 'route', route } : null;
}

/** The 404 of a route header that names nothing. */
export function unknownRoute(asked: string, tables: PolicyTables): GatewayError {
  const names = ['auto', ...tables.routes.keys()];
  return gatewayError(
    'model_not_found',
    `The header x-gatehouse-route names no route: "${shortened(asked)}". ${nearestSentence(asked, names)}`,
  );
}

/** Every name a client may ask for, in the order of `/v1/models`. */
export function namesOf(tables: PolicyTables): readonly string[] {
  const house = tables.policy.house;
  return [
    `${house}/auto`,
    ...[...tables.routes.keys()].map((route) => `${house}/${route}`),
    ...tables.targets.keys(),
    ...tables.modelNames.keys(),
  ];
}

function nearestSentence(asked: string, names: readonly string[]): string {
  return `The nearest names are ${nearestNames(asked, names, 3)
    .map((name) => `"${name}"`)
    .join(', ')}.`;
}

function shortened(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}
