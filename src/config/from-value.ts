import { stringify } from 'yaml';
import { loadPolicy } from './load.ts';
import type { LoadedPolicy, LoadOptions, RefusedPolicy } from './load.ts';
import type { PolicyFile } from './schema.ts';

/**
 * Makes a policy from a value that code has put together (the demo house, a house that was found), through the same checks as a file.
 * `text` is the policy file it amounts to, which can be shown to a person or written down as a start.
 */
export function policyFromValue(
  value: PolicyFile,
  options: Pick<LoadOptions, 'file' | 'contextMayBeUnknown'>,
): { readonly text: string; readonly loaded: LoadedPolicy | RefusedPolicy } {
  const text = stringify(value, { aliasDuplicateObjects: false, lineWidth: 120 });
  return { text, loaded: loadPolicy(text, { ...options, folder: '/', env: {} }) };
}
