import { parseJsonFields } from './json-fields.ts';
import type { UpstreamKind } from './kind.ts';

const charsMax = 60;

/** A release that stands in one field of a JSON answer. */
export function versionField(path: string, field: string): NonNullable<UpstreamKind['version']> {
  return {
    path,
    read: (body) => {
      const said = parseJsonFields(body)?.[field];
      return typeof said === 'string' && /^[\w.+-]+$/.test(said) ? said.slice(0, charsMax) : null;
    },
  };
}
