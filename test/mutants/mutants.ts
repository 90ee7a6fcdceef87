import type { Mutant } from '#scripts/run-mutant.ts';
import { ASKING_MUTANTS } from './asking-mutants.ts';
import { AUDIT_MUTANTS } from './audit-mutants.ts';
import { BODIES_MUTANTS } from './bodies-mutants.ts';
import { CORE_MUTANTS } from './core-mutants.ts';
import { EDGE_MUTANTS } from './edge-mutants.ts';
import { FAULT_MUTANTS } from './fault-mutants.ts';
import { GATEWAY_MUTANTS } from './gateway-mutants.ts';
import { INPUT_MUTANTS } from './input-mutants.ts';
import { PROVER_MUTANTS } from './prover-mutants.ts';
import { RECORD_MUTANTS } from './record-mutants.ts';
import { SIM_MUTANTS } from './sim-mutants.ts';
import { TELEMETRY_MUTANTS } from './telemetry-mutants.ts';

/** The breakages that `npm run mutants` tries, each with the test that has to turn red. */
export const MUTANTS: readonly Mutant[] = [
  ...CORE_MUTANTS,
  ...GATEWAY_MUTANTS,
  ...EDGE_MUTANTS,
  ...INPUT_MUTANTS,
  ...PROVER_MUTANTS,
  ...SIM_MUTANTS,
  ...RECORD_MUTANTS,
  ...FAULT_MUTANTS,
  ...AUDIT_MUTANTS,
  ...BODIES_MUTANTS,
  ...TELEMETRY_MUTANTS,
  ...ASKING_MUTANTS,
];
