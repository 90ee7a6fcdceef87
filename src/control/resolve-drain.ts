import type { Drain } from '#core/fleet/health.ts';
import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { nearestNames } from '#core/routing/nearest-names.ts';
import { resolveRouteName } from '#core/routing/resolve-name.ts';

/** What a name given to `drain` means: a route, by any of its names and with or without `house/`, or an upstream. */
export function resolveDrain(name: string, tables: PolicyTables): Drain | GatewayError {
  const named = resolveRouteName(name, tables);
  if (named?.type === 'route') return { type: 'route', name: named.route.name };
  if (tables.upstreams.has(name)) return { type: 'upstream', name };
  return unknownName(name, [...tables.routes.keys(), ...tables.upstreams.keys()], 'route or upstream');
}

/** The 404 for an operator's slip of the pen, with the nearest names there are. */
export function unknownName(asked: string, names: readonly string[], what: string): GatewayError {
  const nearest = nearestNames(asked, names, 3).map((name) => `"${name}"`);
  return gatewayError(
    'not_found',
    `There is no ${what} ${JSON.stringify(asked.slice(0, 80))}. The nearest names are ${nearest.join(', ')}.`,
  );
}
