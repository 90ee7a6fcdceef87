import type { Mutant } from '#scripts/run-mutant.ts';

/** Breakages of what keeps, erases and prunes what was said. */
export const BODIES_MUTANTS: readonly Mutant[] = [
  {
    name: 'a text that is named again is not counted',
    file: 'src/record/bodies.ts',
    find: "'UPDATE bodies SET refs = refs + 1 WHERE hash = ?'",
    replace: "'UPDATE bodies SET refs = refs WHERE hash = ?'",
    tests: ['test/record/erase.test.ts'],
    expect: 'what other calls hold stays, and is said; the call itself shows nothing',
  },
  {
    name: 'an erased text stays in the free pages',
    file: 'src/record/schema.ts',
    find: 'PRAGMA secure_delete = ON',
    replace: 'PRAGMA secure_delete = OFF',
    tests: ['test/record/erase.test.ts'],
    expect: 'an erased call leaves no byte of its texts in the files, and the chain as it was',
  },
  {
    name: 'retention cuts through a call that is under way',
    file: 'src/record/retention.ts',
    find: 'Math.min(checkpoint.through + 1, checkpoint.openFrom)',
    replace: 'checkpoint.through + 1',
    tests: ['test/record/retention.test.ts'],
    expect: 'a call that is under way stays whole, and what came after it stays with it',
  },
  {
    name: 'the end of a stream is not in the record',
    file: 'src/gateway/stages/respond.ts',
    find: 'saidInStream(request, released.rest)',
    replace: 'saidInStream(request)',
    tests: ['test/gateway/capture.test.ts'],
    expect: 'of a stream the record has all that goes out, what is held for it included',
  },
];
