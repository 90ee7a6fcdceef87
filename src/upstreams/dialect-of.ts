import type { Service } from '#core/policy/policy.ts';
import type { Dialect } from '#core/reply/event.ts';
import type { UpstreamKind } from './kind.ts';

/** How a kind of server spells replies of one service. */
export function dialectOf(kind: UpstreamKind, service: Service): Dialect {
  return kind.otherDialects?.[service] ?? kind.dialect;
}
