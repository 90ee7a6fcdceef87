import { readFileSync } from 'node:fs';

/** The version of this gatehouse, as its manifest says. */
export function versionOf(): string {
  const manifest: { readonly version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return manifest.version;
}
