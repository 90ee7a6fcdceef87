import type { TracesParty } from '#core/policy/policy.ts';
import { valueAt } from './policy-source.ts';
import type { Report } from './policy-source.ts';
import { tracesSchema } from './schema.ts';
import { readAddress } from './upstream-address.ts';

const path = ['export', 'traces'];

/** Compiles `export.traces`; null where there is none, or it is wrong. */
export function compileTraces(report: Report): TracesParty | null {
  const parsed = tracesSchema.safeParse(valueAt(report.source, path));
  if (!parsed.success) return null;
  const { url, location, user, text, key } = parsed.data;
  const where = { url, ...(location === undefined ? {} : { location }) };
  const address = readAddress(where, { name: 'traces', locationMustBeSaid: false }, path, report);
  if (user !== undefined && key === undefined)
    report.error([...path, 'user'], 'a user without a key; write key: ${NAME} too', { at: 'key' });
  if (address?.location === 'cloud' && text === true)
    report.warn([...path, 'text'], 'in a cloud only the words of cloud-explicit callers are sent; of all others none');
  return address && { url: address.url, location: address.location, user: user ?? null, text: text ?? false };
}
