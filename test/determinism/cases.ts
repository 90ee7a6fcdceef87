import fc from 'fast-check';
import type { GeneratorValue } from 'fast-check';
import type { PolicyFile } from '#config/schema.ts';
import { randomPolicy, randomRequest } from './random-house.ts';
import type { RandomRequest } from './random-house.ts';

const policyCount = 250;
const requestsEach = 20;

/** One policy with its requests; `g` goes on to say what happens to them. */
export interface Cases {
  readonly policy: PolicyFile;
  readonly requests: readonly RandomRequest[];
  readonly g: GeneratorValue;
}

/** The 5,000 cases of a seed. */
export function casesOf(seed: number): readonly Cases[] {
  return fc.sample(fc.gen(), { seed, numRuns: policyCount }).map((g) => {
    const policy = randomPolicy(g);
    return { policy, requests: Array.from({ length: requestsEach }, () => randomRequest(g, policy)), g };
  });
}
