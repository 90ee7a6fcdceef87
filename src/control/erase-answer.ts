import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { ListedKey } from '#identity/key-ring.ts';
import type { EraseAsk } from '#record/erase.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { Control } from './control.ts';
import type { Answer } from './endpoint.ts';
import { noteChange } from './note-change.ts';
import { jsonResponse } from './plain-response.ts';
import { readFields } from './read-fields.ts';
import { unknownName } from './resolve-drain.ts';

/** As many as one request may name. */
const idsMax = 10_000;

/**
 * `POST /admin/records/erase` with one of `ids`, `key` (its id or name, revoked or not) and `before` (milliseconds since 1970): removes the
 * texts of these calls, and answers what went and what stays. Their entries stay.
 */
export async function eraseAnswer(bodyText: string, control: Pick<Control, 'keys' | 'noteOperator' | 'erase'>): Promise<Answer> {
  const fields = readFields(bodyText, { ids: 'texts', key: 'text', before: 'count' });
  if (isGatewayError(fields)) return fields;
  const [ids, key, before] = [fields.texts('ids'), fields.text('key'), fields.count('before')];
  if ([ids.length > 0, key !== null, before !== null].filter(Boolean).length !== 1)
    return gatewayError('invalid_request', 'Exactly one of "ids", "key" and "before" must say which calls.');
  if (ids.length > idsMax) return gatewayError('invalid_request', `"ids" may name ${idsMax} calls at a time.`, { param: 'ids' });
  const principal = key === null ? null : principalNamed(key, control.keys.list());
  if (principal !== null && typeof principal !== 'string') return principal;
  const ask: EraseAsk = principal !== null ? { principal } : before !== null ? { before } : { ids };
  const subject = principal ?? (before === null ? `${ids.length} calls` : `before ${new Date(before).toISOString()}`);
  const refusal = await noteChange(control, { action: 'records-erase', subject });
  if (refusal) return refusal;
  try {
    return jsonResponse(await control.erase(ask));
  } catch (error) {
    if (!(error instanceof RecordUnavailable)) throw error;
    return gatewayError('record_unavailable', 'The record went away while texts were erased; ask again.', { retryAfterMs: 5_000 });
  }
}

/** Who is called so in the record: a key by its id or its name, or the operator. */
export function principalNamed(name: string, keys: readonly ListedKey[]): string | GatewayError {
  if (name === 'operator') return name;
  const [key, ...others] = keys.some(({ id }) => id === name)
    ? keys.filter(({ id }) => id === name)
    : keys.filter((each) => each.name === name);
  if (key && others.length === 0) return key.id;
  // Revoked keys stay, and their names are free again.
  if (key)
    return gatewayError('invalid_request', `Several keys were named "${name}": ${[key, ...others].map(({ id }) => id).join(', ')}.`, {
      param: 'key',
    });
  const known = keys.flatMap((each) => [each.id, each.name]);
  return unknownName(name, [...known, 'operator'], { what: 'key' });
}
