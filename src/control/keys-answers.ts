import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { Control } from './control.ts';
import type { Answer, PlainResponse } from './endpoint.ts';
import { noteChange } from './note-change.ts';
import { jsonResponse } from './plain-response.ts';
import { readFields } from './read-fields.ts';
import { unknownName } from './resolve-drain.ts';

/** `GET /admin/keys`: every key ever made. Field by field, so that whatever else a key may have stays where it is. */
export function listKeys(control: Pick<Control, 'keys'>): PlainResponse {
  const keys = control.keys.list().map(({ id, name, profile, createdAt, revokedAt }) => ({ id, name, profile, createdAt, revokedAt }));
  return jsonResponse({ keys });
}

/** `POST /admin/keys` with `profile` (else the first) and `name`: the only answer that ever shows a key. */
export async function newKey(bodyText: string, control: Pick<Control, 'keys' | 'tables' | 'noteOperator'>): Promise<Answer> {
  const fields = readFields(bodyText, { profile: 'text', name: 'text' });
  if (isGatewayError(fields)) return fields;
  const { profiles, policy } = control.tables();
  const profile = fields.text('profile') ?? policy.profiles[0]?.name ?? '';
  if (!profiles.has(profile)) return unknownName(profile, [...profiles.keys()], { what: 'profile' });
  const name = fields.text('name') ?? profile;
  const refusal = await noteChange(control, { action: 'keys-new', subject: `${name} (${profile})` });
  if (refusal) return refusal;
  const made = await control.keys.create({ profile, name });
  return jsonResponse({ id: made.id, name: made.name, profile, key: made.key }, 201);
}

/** `POST /admin/keys/revoke` with `key`: the id or the name of a live key. */
export async function revokeKey(bodyText: string, control: Pick<Control, 'keys' | 'noteOperator'>): Promise<Answer> {
  const fields = readFields(bodyText, { key: 'text' });
  if (isGatewayError(fields)) return fields;
  const asked = fields.text('key');
  if (asked === null) return gatewayError('invalid_request', '"key" must name a key, by its id or its name.', { param: 'key' });
  const live = control.keys.list().filter((key) => key.revokedAt === null);
  const key = live.find((each) => each.id === asked) ?? live.find((each) => each.name === asked);
  if (!key)
    return unknownName(
      asked,
      live.flatMap((each) => [each.id, each.name]),
      { what: 'live key' },
    );
  // A key that must go goes, even while the record cannot be written.
  const unrecorded = await noteChange(control, { action: 'keys-revoke', subject: key.id });
  await control.keys.revoke(key.id);
  return jsonResponse({ id: key.id, name: key.name, revoked: true, recorded: unrecorded === null });
}
