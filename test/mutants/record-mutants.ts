import type { Mutant } from '#scripts/run-mutant.ts';

/** Breakages of the record. */
export const RECORD_MUTANTS: readonly Mutant[] = [
  {
    name: 'record: a commit is acknowledged before it is written',
    file: 'src/record/log-store.ts',
    find: 'this.#waiting.push({ ops: spelt, patient, resolve, reject });',
    replace: 'this.#waiting.push({ ops: spelt, patient, resolve, reject });\n      resolve();',
    tests: ['test/record/failures.test.ts'],
    expect: 'a write-ahead log that was removed: closed, then whole again, and the call that fell into it interrupted',
  },
  {
    name: 'record: nobody looks whether the files still bear the name of the log',
    file: 'src/record/log-writer.ts',
    find: '      this.#checkFiles();\n',
    replace: '',
    tests: ['test/record/failures.test.ts'],
    expect: 'a file that was replaced is not written to; the right one back in its place is',
  },
  {
    name: 'record: what is written is not synced',
    file: 'src/record/schema.ts',
    find: 'PRAGMA synchronous = FULL',
    replace: 'PRAGMA synchronous = OFF',
    tests: ['test/record/synced.test.ts'],
    expect: 'between an answer’s terminal and its last bytes lies a sync; and a cut of power loses nothing that was answered',
  },
  {
    name: 'record: an entry is hashed without the one before',
    file: 'src/record/log-writer.ts',
    find: '    scratch.set(this.#hash);\n',
    replace: '    scratch.fill(0, 0, 32);\n',
    tests: ['test/record/log.test.ts'],
    expect: 'a call is a start and a terminal, chained, and one row',
  },
  {
    name: 'record: calls that fell into an outage stay open',
    file: 'src/record/log-store.ts',
    find: 'if (call) outage.givenUp.set(call.id, call);\n      }\n    }\n    outage.refused',
    replace: 'if (call) void call.id;\n      }\n    }\n    outage.refused',
    tests: ['test/record/failures.test.ts'],
    expect: 'a write-ahead log that was removed: closed, then whole again, and the call that fell into it interrupted',
  },
];
