import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPolicy } from '#config/load.ts';
import { ROOT } from '#scripts/tree.ts';
import { mutateLine } from '#test/config/line-mutation.ts';
import type { Dice } from '#test/sim/random.ts';
import { FuzzFailure, count, most } from './fuzzer.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutateText } from './mutate.ts';

const env = { GATEHOUSE_TEST_KEY: 'sk-test', CLOUD_ONE_KEY: 'sk-test', ANTHROPIC_API_KEY: 'sk-test' };
/** In computing time. */
const loadMsMax = 1_000;

/** Policies with slips and nonsense in them: a policy, or problems with their places; never a throw, and soon. */
export function policyFuzzer(): Fuzzer {
  const policies = [
    'gatehouse.example.yaml',
    'test/scenarios/homelab.yaml',
    'test/scenarios/workbench.yaml',
    'test/fixtures/policy/good/forms.yaml',
    'test/fixtures/policy/good/homelab.yaml',
  ].map((path) => readFileSync(join(ROOT, path), 'utf8'));
  return {
    name: 'policies',
    share: 2,
    legInputs: 10_000,
    run: (leg) => {
      const { from, to, counts } = leg;
      for (let at = from; at < to; at++) {
        const own = leg.dice(at);
        const text = changed(own.pick(policies), own);
        const fail = (what: string): never => {
          throw new FuzzFailure(at, what, text);
        };
        const startedMs = computingMs();
        try {
          const loaded = loadPolicy(text, { file: 'gatehouse.yaml', folder: '/nowhere', env });
          count(counts, loaded.ok ? 'loaded' : 'refused');
          if (!loaded.ok) {
            const lines = text.split('\n').length;
            if (loaded.problems.length === 0) fail('it is refused, and nothing is wrong');
            for (const { line, column, message } of loaded.problems)
              if (!(line >= 1 && line <= lines + 1 && column >= 1 && message !== '')) fail(`no place: ${line}:${column} ${message}`);
          }
        } catch (error) {
          if (error instanceof FuzzFailure) throw error;
          fail(`it throws ${error instanceof Error ? error.stack : String(error)}`);
        }
        const tookMs = computingMs() - startedMs;
        most(counts, 'computingMsMost', tookMs);
        if (tookMs > loadMsMax) fail(`it takes ${tookMs} ms`);
      }
      return Promise.resolve();
    },
  };
}

function changed(policy: string, dice: Dice): string {
  let text = policy;
  for (let rounds = dice.int(1, 3); rounds > 0; rounds--) text = dice.chance(0.5) ? slipped(text, dice) : mutateText(text, dice);
  return text;
}

/** A slip of the hand in one line. */
function slipped(text: string, dice: Dice): string {
  try {
    return mutateLine(text, dice).text;
  } catch {
    // Nothing is left that a hand could slip on.
    return mutateText(text, dice);
  }
}

function computingMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
