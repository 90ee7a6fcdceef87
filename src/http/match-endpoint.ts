import type { Endpoint } from '#control/endpoint.ts';
import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Surface } from '#surfaces/kind.ts';
import { decodePart } from './read-target.ts';

/** The endpoints of a door, ready to be looked up. */
export interface EndpointTable {
  readonly literal: ReadonlyMap<string, readonly Endpoint[]>;
  /** Paths with a rest, without their `*`. */
  readonly open: readonly { readonly prefix: string; readonly endpoints: readonly Endpoint[] }[];
  readonly surfaces: readonly Surface[];
}

/** The endpoint of a request, found once; permission, limits and handler all hang on it. */
export type Matched =
  | { readonly type: 'endpoint'; readonly endpoint: Endpoint; readonly rest: string }
  | { readonly type: 'refused'; readonly error: GatewayError; readonly allow: string | null };

/** Builds the look-up. Throws if two rows are for the same method and path. */
export function endpointTable(endpoints: readonly Endpoint[]): EndpointTable {
  const byPath = Map.groupBy(endpoints, (endpoint) => endpoint.path);
  for (const [path, rows] of byPath) {
    if (new Set(rows.map((row) => row.method)).size !== rows.length) throw new Error(`two endpoints for one method of ${path}`);
  }
  const withRest = [...byPath].filter(([path]) => path.endsWith('*'));
  return {
    literal: new Map([...byPath].filter(([path]) => !path.endsWith('*'))),
    open: withRest.map(([path, rows]) => ({ prefix: path.slice(0, -1), endpoints: rows })),
    surfaces: endpoints.flatMap((endpoint) => (endpoint.kind === 'surface' ? [endpoint.surface] : [])),
  };
}

/** Finds the endpoint for a method and a raw path. A known path with another method is 405, everything else 404. */
export function matchEndpoint(table: EndpointTable, method: string, path: string): Matched {
  const literal = table.literal.get(path);
  if (literal) return pick(literal, method, '');
  for (const { prefix, endpoints } of table.open) {
    if (!path.startsWith(prefix) || path.length === prefix.length) continue;
    const rest = decodePart(path.slice(prefix.length));
    if (rest !== null) return pick(endpoints, method, rest);
  }
  return {
    type: 'refused',
    error: gatewayError('not_found', `There is nothing at this path. Served are ${knownPaths(table)}.`),
    allow: null,
  };
}

/** The surface whose envelope an error at this path wears: the one whose own path begins most like it. */
export function nearestSurface(table: EndpointTable, path: string): Surface {
  const [first, ...others] = table.surfaces;
  if (!first) throw new Error('a door without a surface');
  return others.reduce((best, surface) => (sharedLength(surface.path, path) > sharedLength(best.path, path) ? surface : best), first);
}

function pick(endpoints: readonly Endpoint[], method: string, rest: string): Matched {
  const asked = method === 'HEAD' ? 'GET' : method;
  const endpoint = endpoints.find((row) => row.method === asked);
  if (endpoint) return { type: 'endpoint', endpoint, rest };
  const allow = endpoints.map((row) => (row.method === 'GET' ? 'GET, HEAD' : row.method)).join(', ');
  return { type: 'refused', error: gatewayError('method_not_allowed', `This path takes ${allow}.`), allow };
}

/** What a caller can use; the operator's paths are documented, not advertised. */
function knownPaths(table: EndpointTable): string {
  const rows = [...table.literal.values()].flat();
  return rows
    .filter((row) => row.permission !== 'operator')
    .map((row) => `${row.method} ${row.path}`)
    .join(', ');
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
