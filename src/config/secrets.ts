import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { tracesPartyName } from '#core/policy/policy.ts';
import { keysAt, valueAt } from './policy-source.ts';
import type { Report } from './policy-source.ts';
import { keyReference } from './upstream-schema.ts';

/** Where secrets come from. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `file:` references are relative to: the folder of the policy. */
  readonly folder: string;
}

/** No key is longer; a larger file is some other file. */
const bytesMax = 16_384;

/** Reads the keys of all upstreams, and of who collects traces, by their references. No message ever holds any of a key. */
export function readSecrets(report: Report, sources: SecretSources): ReadonlyMap<string, string> {
  const secrets = new Map<string, string>();
  const places = keysAt(report.source, ['upstreams']).map((name) => ({ name, path: ['upstreams', name, 'key'] }));
  for (const { name, path } of [...places, { name: tracesPartyName, path: ['export', 'traces', 'key'] }]) {
    const reference = valueAt(report.source, path);
    const [, variable, file] = (typeof reference === 'string' ? keyReference.exec(reference) : null) ?? [];
    if (variable === undefined && file === undefined) continue;
    const read = variable === undefined ? readFile(file ?? '', sources) : readVariable(variable, sources);
    if ('problem' in read) report.error(path, read.problem);
    else secrets.set(name, read.secret);
  }
  return secrets;
}

type Read = { readonly secret: string } | { readonly problem: string };

function readVariable(name: string, sources: SecretSources): Read {
  const text = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
  if (text === undefined) return { problem: `the environment variable ${name} is not set` };
  return checked(text, `the environment variable ${name}`);
}

function readFile(written: string, sources: SecretSources): Read {
  const path = isAbsolute(written) ? written : resolve(sources.folder, written);
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return { problem: `${path} is not a file` };
    if (stat.size > bytesMax) return { problem: `${path} is too large to be a key` };
    if ((stat.mode & 0o004) !== 0) return { problem: `${path} can be read by everybody on this machine; run: chmod 600 ${path}` };
    return checked(readFileSync(path, 'utf8'), path);
  } catch (error) {
    return { problem: `${path} ${reasonOf(error)}` };
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  return code === 'EACCES' ? 'may not be read by this user' : `cannot be read (${String(code)})`;
}

/** A key goes into a header: one line of visible ASCII. */
function checked(text: string, where: string): Read {
  const secret = text.trim();
  if (secret === '') return { problem: `${where} is empty` };
  return /^[\x21-\x7e]+$/.test(secret) ? { secret } : { problem: `${where} holds more than a key: it must be one line without spaces` };
}
