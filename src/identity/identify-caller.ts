import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Principal } from '#core/record/record.ts';
import type { KeyRing } from './key-ring.ts';
import { presentedKey } from './present-key.ts';
import type { Headers } from './present-key.ts';

const makeOne = 'make one with: gatehouse keys new';

/**
 * Who asks, by the key in the headers; the error never repeats what was sent. A look-up is made whatever was shown, so that a missing, an
 * odd and a wrong key take the same time. `connection`: what they came by, if it can be told apart from others.
 */
export function identifyCaller(
  headers: Headers,
  keyRing: Pick<KeyRing, 'identify'>,
  connection: object | null = null,
): Principal | GatewayError {
  const presented = presentedKey(headers);
  const principal = keyRing.identify(presented.type === 'key' ? presented.key : '', connection);
  switch (presented.type) {
    case 'none':
      return gatewayError('key_missing', `no key. Send "Authorization: Bearer gh_…"; ${makeOne}`);
    case 'unusable':
      return presented.why === 'conflict'
        ? gatewayError('key_unknown', 'two different keys were sent; send one, as "Authorization: Bearer gh_…"')
        : gatewayError('key_unknown', `what was sent cannot be a key of this gatehouse; ${makeOne}`);
    case 'key':
      return principal ?? gatewayError('key_unknown', `the key is unknown or revoked; ${makeOne}`);
  }
}
