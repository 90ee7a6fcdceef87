import type { LoadedPolicy, RefusedPolicy } from '#config/load.ts';
import { problemAt } from '#config/policy-source.ts';
import type { PolicySource } from '#config/policy-source.ts';
import type { PolicyProblem } from '#config/problem.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { Violation } from '#prover/proof.ts';
import { provePolicy } from '#prover/prove.ts';

/** A policy whose promises are proved; one that breaks any of them does not load, at a start as at a reload. */
export function provenPolicy(read: LoadedPolicy | RefusedPolicy): LoadedPolicy | RefusedPolicy {
  if (!read.ok) return read;
  const { violations } = provePolicy(tablesOf(read.policy, read.hash));
  if (violations.length === 0) return read;
  return { ok: false, problems: violations.map((violation) => violationAt(read.source, violation)), warnings: read.warnings };
}

/** A violation at the line of the policy that it is about; at the first line where no line is to blame. */
export function violationAt(source: PolicySource, { guarantee, path, sentence }: Violation): PolicyProblem {
  return problemAt(source, path ?? [], `"${guarantee}" does not hold: ${sentence}`);
}
