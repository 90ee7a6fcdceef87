import { bodyFuzzer } from './body-fuzzer.ts';
import type { Fuzzer } from './fuzzer.ts';
import { policyFuzzer } from './policy-fuzzer.ts';
import { streamFuzzer } from './stream-fuzzer.ts';
import { headFuzzer, requestFuzzer, targetFuzzer } from './wire-fuzzers.ts';

/** Every fuzzer; their shares make a hundred. */
export const fuzzers: readonly Fuzzer[] = [bodyFuzzer(), streamFuzzer(), requestFuzzer(), targetFuzzer(), headFuzzer(), policyFuzzer()];
