/** One part of the battery: a command whose last line of JSON has its seed, its counts and `failed`. */
export interface BatteryPart {
  readonly name: string;
  /** What it shows, in a sentence. */
  readonly shows: string;
  /** The script and its arguments; `n` takes a full count to the scale that was asked for, at least 1. */
  readonly command: (n: (count: number) => string) => readonly string[];
}

/** Everything that takes longer than `npm test` may. A part is a row. */
export const batteryParts: readonly BatteryPart[] = [
  {
    name: 'faults',
    shows: 'every fault of the catalogue has its outcome over real sockets, alone and in pairs',
    command: (n) => ['scripts/faults.ts', '--rounds', n(50), '--pairs', n(2_000), ...(isWhole(n) ? ['--write'] : [])],
  },
  {
    name: 'sim',
    shows: 'simulated worlds lose, splice, leak and repeat nothing under faults, and recover from them',
    command: (n) => ['scripts/sim.ts', '--seeds', n(2_000), '--requests', '200'],
  },
  {
    name: 'fuzz',
    shows: 'bad input of every sort gets a clear answer and breaks nothing',
    command: (n) => ['scripts/fuzz.ts', '--inputs', n(1_000_000)],
  },
  {
    name: 'prove',
    shows: 'what is proved of a policy is what its walks do',
    command: (n) => ['scripts/prove-random.ts', '--policies', n(100_000), '--requests', '50'],
  },
  {
    name: 'crash',
    shows: 'a house that is killed has the record of every whole answer, chained, and marks what it cut',
    command: (n) => ['scripts/crash.ts', '--rounds', n(500)],
  },
  {
    name: 'tamper',
    shows: 'no change of the record passes the audit, and no honest record is blamed',
    command: (n) => ['scripts/tamper.ts', '--rounds', n(10_000), '--honest', n(1_000)],
  },
  {
    name: 'mutants',
    shows: 'the tests notice when the code is broken',
    command: (n) => ['scripts/mutants.ts', ...(isWhole(n) ? [] : ['--count', n(150)])],
  },
];

/** Whether everything is run: what is written for good is written only then. */
function isWhole(n: (count: number) => string): boolean {
  return n(1_000) === '1000';
}
