import { policyFromValue } from '#config/from-value.ts';
import { findPolicy, policyPlaces } from '#config/find-policy.ts';
import { loadPolicyFile } from '#config/load.ts';
import type { LoadedPolicy, RefusedPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { demoMachineSpecs, demoPolicy } from '#demo/demo-policy.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import type { Shell } from './shell.ts';

/** A policy file that was read, right or wrong. */
export interface ReadPolicy {
  /** As messages name it. */
  readonly file: string;
  readonly path: string;
  readonly result: LoadedPolicy | RefusedPolicy;
}

/** Reads the policy file that was named or is found; null if there is none. */
export function readPolicy(option: string | undefined, shell: Shell): ReadPolicy | null {
  const found = findPolicy({ option, env: shell.env, cwd: shell.cwd });
  if (found === null) return null;
  return { file: found.file, path: found.path, result: loadPolicyFile(found.path, { file: found.file, env: shell.env }) };
}

/** The look-ups of the policy that was named or is found; null if there is none. Stops where it does not load. */
export function tablesFromPolicy(option: string | undefined, shell: Shell): PolicyTables | null {
  const read = readPolicy(option, shell);
  if (read === null) return null;
  if (!read.result.ok) throw refusedPolicy(read.result);
  return tablesOf(read.result.policy, read.result.hash);
}

/** The look-ups of the demo house, whose machines need not run for it. */
export function demoTables(): PolicyTables {
  const urls = new Map(demoMachineSpecs.map(({ name }, at) => [name, `http://127.0.0.1:${at + 1}`]));
  const { loaded } = policyFromValue(demoPolicy(urls, { listen: ['127.0.0.1:8484'] }), { file: 'the demo house' });
  if (!loaded.ok) throw refusedPolicy(loaded);
  return tablesOf(loaded.policy, loaded.hash);
}

/** Everything that is wrong with a policy, as the end of a command. */
export function refusedPolicy({ problems }: RefusedPolicy): CliStop {
  const lines = problems.map(formatProblem);
  const said = lines.length === 1 ? (lines[0] ?? '') : `it has ${lines.length} errors\n${lines.join('\n')}`;
  return new CliStop(exitCodes.invalid, `the policy does not load: ${said}`);
}

/** Where a policy was looked for, for messages. */
export function placesLookedAt(shell: Shell): string {
  return policyPlaces({ env: shell.env, cwd: shell.cwd }).join(', ');
}
