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
  return unknownName(name, [...tables.routes.keys(), ...tables.upstreams.keys()], { what: 'route or upstream', code: 'not_found' });
}

/** The error for an operator's slip of the pen, with the nearest names there are. 404 where the name stood in the path, 400 in a body. */
export function unknownName(
  asked: string,
  names: readonly string[],
  { what, code = 'invalid_request' }: { readonly what: string; readonly code?: 'invalid_request' | 'not_found' },
): GatewayError {
  const nearest = nearestNames(asked, names, 3).map((name) => `"${name}"`);
  const hint = nearest.length === 0 ? 'There is none at all.' : `The nearest names are ${nearest.join(', ')}.`;
  return gatewayError(code, `There is no ${what} ${JSON.stringify(asked.slice(0, 80))}. ${hint}`);
}
