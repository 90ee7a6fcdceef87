import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Policy } from '#core/policy/policy.ts';
import { compilePolicy } from './compile-policy.ts';
import { decodePolicy } from './decode-policy.ts';
import { policyHash } from './policy-hash.ts';
import { reportOn } from './policy-source.ts';
import type { PolicySource } from './policy-source.ts';
import { byPlace } from './problem.ts';
import type { PolicyProblem } from './problem.ts';
import { readYaml } from './read-yaml.ts';
import { readSecrets } from './secrets.ts';

/** A policy that is right, with what else was read. */
export interface LoadedPolicy {
  readonly ok: true;
  readonly policy: Policy;
  /** Hex SHA-256 of the policy's canonical JSON. */
  readonly hash: string;
  /** Key of each upstream that has one, by the upstream's name. Never part of the policy, never recorded. */
  readonly secrets: ReadonlyMap<string, string>;
  /** What loads but can hardly be meant. */
  readonly warnings: readonly PolicyProblem[];
  /** What is accepted but not yet in force. */
  readonly notes: readonly PolicyProblem[];
  /** For later checks that want to point into the file: `problemAt(source, path, message)`. */
  readonly source: PolicySource;
}

/** A policy that does not load, and everything that is wrong with it, in the order of the file. */
export interface RefusedPolicy {
  readonly ok: false;
  readonly problems: readonly PolicyProblem[];
  readonly warnings: readonly PolicyProblem[];
}

export interface LoadOptions {
  /** How the file is named in messages. */
  readonly file: string;
  /** What `file:` references are relative to. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Windows of chat models may be unsaid: for a house that was found, not written. Default: false. */
  readonly contextMayBeUnknown?: boolean;
}

/** Reads, checks and compiles the text (or bytes) of a policy file. Never throws for what is in the file. */
export function loadPolicy(content: string | Uint8Array, options: LoadOptions): LoadedPolicy | RefusedPolicy {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const text = decodePolicy(bytes, options.file);
  if (typeof text !== 'string') return { ok: false, problems: [text], warnings: [] };
  const { source, problems: asYaml } = readYaml(text, options.file);
  if (!source) return { ok: false, problems: asYaml.toSorted(byPlace), warnings: [] };
  const report = reportOn(source);
  const policy = compilePolicy(report, { contextMayBeUnknown: options.contextMayBeUnknown ?? false });
  const secrets = readSecrets(report, options);
  const warnings = report.warnings.toSorted(byPlace);
  const problems = [...asYaml, ...report.errors].toSorted(byPlace);
  if (!policy || problems.length > 0) return { ok: false, problems, warnings };
  return { ok: true, policy, hash: policyHash(policy), secrets, warnings, notes: report.notes.toSorted(byPlace), source };
}

/** Loads a policy file from disk. `path` is absolute; `file` is how the person named it. A file that cannot be read is a problem like any other. */
export function loadPolicyFile(path: string, options: Omit<LoadOptions, 'folder'>): LoadedPolicy | RefusedPolicy {
  try {
    if (statSync(path).isDirectory()) return unreadable(options.file, 'this is a folder, not a policy file');
    return loadPolicy(readFileSync(path), { ...options, folder: dirname(path) });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (typeof code !== 'string') throw error;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : `it cannot be read (${code})`;
    return unreadable(options.file, why);
  }
}

function unreadable(file: string, message: string): RefusedPolicy {
  return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message, suggestion: null }], warnings: [] };
}
