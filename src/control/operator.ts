import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Principal } from '#core/record/record.ts';
import { unknownName } from './resolve-drain.ts';

/**
 * Who asks on the operator socket: the operator, with the profile that `?profile=` or the header `gatehouse-profile` names, else the
 * policy's first. Whoever can open the socket is the operator; a key is not looked at there.
 */
export function operatorPrincipal(
  head: { readonly headers: Readonly<Record<string, string | undefined>>; readonly query: ReadonlyMap<string, string> },
  tables: PolicyTables,
): Principal | GatewayError {
  const asked = head.query.get('profile') ?? head.headers['gatehouse-profile'] ?? tables.policy.profiles[0]?.name ?? '';
  if (!tables.profiles.has(asked)) return unknownName(asked, [...tables.profiles.keys()], { what: 'profile' });
  return { id: 'operator', profile: asked, operator: true };
}
