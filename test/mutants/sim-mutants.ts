import type { Mutant } from '#scripts/run-mutant.ts';

/** Breakages that only time shows: on the simulator's clock it passes. */
export const SIM_MUTANTS: readonly Mutant[] = [
  {
    name: 'a zombie is never freed',
    file: 'src/core/lease/lease.ts',
    find: 'releaseAt: at + Math.min(left, zombieMaxMs)',
    replace: 'releaseAt: null',
    tests: ['test/sim/faults.test.ts'],
    expect: 'F57, the server works on for nobody: the right outcome on clocks of real length, and everything works again afterwards',
  },
  {
    name: 'a machine that was out is not looked at again',
    file: 'src/gateway/prober.ts',
    find: 'if (dueAt <= now) void this.#look(upstream);',
    replace: "if (dueAt <= now && health?.state !== 'ejected') void this.#look(upstream);",
    tests: ['test/sim/faults.test.ts'],
    expect: 'F01, connection refused: the right outcome on clocks of real length, and everything works again afterwards',
  },
  {
    name: 'a byte order mark goes out behind a keep-alive',
    file: 'src/gateway/responder.ts',
    find: 'const marked = this.#headOut && this.#firstByteAt === null;',
    replace: 'const marked = false;',
    tests: ['test/gateway/commit.test.ts'],
    expect: 'a byte order mark does not stand in the middle of a stream that a keep-alive began',
  },
  {
    name: 'a cloud that came back loading is not asked again',
    file: 'src/gateway/prober.ts',
    find: "if (upstream.location === 'house' || ejected || loading)",
    replace: "if (upstream.location === 'house' || ejected)",
    tests: ['test/sim/sim.test.ts'],
    expect: 'seed 447438625, liveness: a cloud that came back loading was never asked again',
  },
  {
    name: 'a call that ends while the record tells of its outage is forgotten',
    file: 'src/record/log-store.ts',
    find: 'if (outage.givenUp.size > 0 && !this.#closed) return this.#tellOf(outage);',
    replace: '',
    tests: ['test/sim/sim.test.ts'],
    expect: 'seed 365, liveness: a call that ended while the record told of its outage never got its interruption',
  },
];
