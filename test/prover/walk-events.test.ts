/** The prover tries one reading and one outcome of each kind; here every other of its kind turns out to move every walk alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptResult, Outcome } from '#core/routing/outcome.ts';
import { nextSteps } from '#core/routing/outcome.ts';
import type { ReadingReason } from '#core/routing/reading.ts';
import { stepWalk } from '#core/routing/walk.ts';
import type { Walk, WalkAction, WalkEvent } from '#core/routing/walk.ts';
import { beginWalk } from '#core/routing/walk.ts';
import { tablesOf } from '#core/policy/tables.ts';
import { decide } from '#core/routing/decide.ts';
import type { Plan } from '#core/routing/plan.ts';
import { loadPolicy } from '#config/load.ts';
import { rawPolicyOf } from '#prover/raw-policy.ts';
import { requestClasses } from '#prover/requests.ts';
import { outcomeKinds, outcomeOf, readingKinds, readingOf } from '#prover/walk-events.ts';
import { randomEvent } from '#test/determinism/random-fleet.ts';
import { casesOf } from '#test/determinism/cases.ts';

const seed = Number(process.env['SEED'] ?? 20_260_103);

/** A state of a walk as far as the walk itself goes on with it: not what only the final error asks. */
function essential({ walk, action }: { readonly walk: Walk; readonly action: WalkAction }): unknown {
  return { action, walk: { ...walk, seen: null, settled: walk.settled !== null } };
}

function* visits(): Generator<{ readonly plan: Plan; readonly walk: Walk; readonly action: WalkAction }> {
  for (const { policy, g } of casesOf(seed).slice(0, 60)) {
    const loaded = loadPolicy(JSON.stringify(policy), { file: 'random.yaml', folder: '.', env: {} });
    assert.ok(loaded.ok);
    const tables = tablesOf(loaded.policy, loaded.hash);
    const requests = [...requestClasses(rawPolicyOf(loaded.policy))];
    for (const { facts } of requests.filter((_, at) => at % 97 === 0)) {
      const { plan } = decide(facts, tables);
      if (!plan) continue;
      for (let step = beginWalk(plan); step.action.do !== 'end';) {
        yield { plan, ...step };
        step = stepWalk(plan, step.walk, randomEvent(g, step.action));
      }
    }
  }
}

const all = [...visits()];

test(`readings of one kind move every walk alike (seed ${seed})`, () => {
  const kinds = Object.values(readingKinds);
  assert.equal(new Set(kinds.flat()).size, 16, 'every reason is of one kind');
  let compared = 0;
  for (const { plan, walk, action } of all) {
    if (action.do !== 'observe' && action.do !== 'wait') continue;
    for (const [target] of action.targets.entries()) {
      for (const kind of kinds) {
        const after = (why: ReadingReason): unknown => {
          const readings = action.targets.map((id, at) => readingOf(id, at === target ? why : 'no_slot'));
          const reading = readings[target];
          const event: WalkEvent =
            action.do === 'observe' ? { type: 'observed', readings } : { type: 'waited', ms: 1, reading: reading ?? null };
          return essential(stepWalk(plan, walk, event));
        };
        const [first, ...others] = kind;
        assert.ok(first);
        const expected = after(first);
        for (const why of others) assert.deepEqual(after(why), expected, `${why} is not like ${first}`);
        compared += others.length;
      }
    }
  }
  assert.ok(compared > 3_000, `${compared} comparisons`);
});

test(`outcomes of one kind move every walk alike (seed ${seed})`, () => {
  const kinds = Object.values(outcomeKinds);
  assert.deepEqual(kinds.flat().toSorted(), Object.keys(nextSteps).toSorted());
  let compared = 0;
  for (const { plan, walk, action } of all) {
    if (action.do !== 'dial') continue;
    const after = (outcome: Outcome): unknown => essential(stepWalk(plan, walk, { type: 'outcome', outcome }));
    for (const [first, ...others] of kinds) {
      const alike = (one: AttemptResult, other: AttemptResult): void => {
        assert.deepEqual(after(outcomeOf(action.target, other)), after(outcomeOf(action.target, one)), `${other} is not like ${one}`);
        compared++;
      };
      assert.ok(first);
      for (const other of others) alike(first, other);
    }
    assert.deepEqual(after(outcomeOf(action.target, 'flaky')), after(outcomeOf(action.target, 'failed')), 'without room for a retry');
  }
  assert.ok(compared > 1_000, `${compared} comparisons`);
});
