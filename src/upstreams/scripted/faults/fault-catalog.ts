import { answerFaults } from './answer-faults.ts';
import { byteFaults } from './byte-faults.ts';
import { clientFaults } from './client-faults.ts';
import { connectionFaults } from './connection-faults.ts';
import type { Fault } from './fault.ts';
import { httpFaults } from './http-faults.ts';
import { refusalFaults } from './refusal-faults.ts';

/** Every fault, by number. See `fault.ts` for what a row means and how it is played. */
export const faultCatalog: readonly Fault[] = [
  ...connectionFaults,
  ...refusalFaults,
  ...httpFaults,
  ...answerFaults,
  ...byteFaults,
  ...clientFaults,
].toSorted((left, right) => left.id.localeCompare(right.id));

/** The fault with this number, in either case; undefined if there is none. */
export function faultNamed(id: string): Fault | undefined {
  return faultCatalog.find((fault) => fault.id === id.toUpperCase());
}
