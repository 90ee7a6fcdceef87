import type { Mutant } from '#scripts/run-mutant.ts';

/** The planner, the walk and the readings broken under the prover's eyes, and the prover's own judge broken. */
const agreement = { tests: ['test/prover/agreement.test.ts'], expect: 'what is proved is what is walked' };
const counterexample = (file: string): Pick<Mutant, 'tests' | 'expect'> => ({
  tests: ['test/prover/unproved.test.ts'],
  expect: `the counterexample is told: ${file}`,
});

export const PROVER_MUTANTS: readonly Mutant[] = [
  {
    name: 'the planner without its tier filter is proved',
    file: 'src/core/routing/plan.ts',
    find: "else removed.push({ target: id, place, why: 'tier' });",
    replace: 'else kept.push(candidate);',
    ...agreement,
  },
  {
    name: 'the planner without its fit is proved',
    file: 'src/core/routing/fit.ts',
    find: 'tokensNeeded(facts) > target.context',
    replace: 'tokensNeeded(facts) < 0',
    ...agreement,
  },
  {
    name: 'readings without their drain are proved',
    file: 'src/core/fleet/read-candidate.ts',
    find: 'if (view.drainedUpstream && plan.named.upstream !== target.upstream) return true;',
    replace: '',
    ...agreement,
  },
  {
    name: 'a walk that asks again whoever failed is proved',
    file: 'src/core/routing/walk.ts',
    find: 'done: union(walk.done, [outcome.target]),',
    replace: 'done: walk.done,',
    ...agreement,
  },
  {
    name: 'the judge does not know only',
    file: 'src/prover/raw-policy.ts',
    find: 'return guarantee.only === null || guarantee.only.some(isMeant);',
    replace: 'return true;',
    ...counterexample('only-the-target.yaml'),
  },
  {
    name: 'nobody narrows a tier for the prover',
    file: 'src/prover/requests.ts',
    find: "return tier === 'local-first' ? [tier, 'sovereign'] : [tier];",
    replace: 'return [tier];',
    ...counterexample('narrowed-tier.yaml'),
  },
  {
    name: 'a busy machine is not thought of by the prover',
    file: 'src/prover/walk-events.ts',
    find: "const reasons: readonly ReadingReason[] = ['no_slot', 'ejected', 'ejected_bad', 'up'];",
    replace: "const reasons: readonly ReadingReason[] = ['ejected', 'ejected_bad', 'up'];",
    ...counterexample('spill-when-busy.yaml'),
  },
  {
    name: 'a policy that breaks its promises starts',
    file: 'src/compose/prove-house.ts',
    find: 'if (violations.length === 0) return read;',
    replace: 'if (violations.length >= 0) return read;',
    ...counterexample('always.yaml'),
  },
];
