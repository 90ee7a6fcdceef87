import type { Mutant } from '#scripts/run-mutant.ts';

/** Breakages that the catalogue of faults has to see. */
export const FAULT_MUTANTS: readonly Mutant[] = [
  {
    name: 'a stream that was cut counts as whole',
    file: 'src/core/judge/judge-reply.ts',
    find: "return complete ? answerVerdict(judgement) : 'truncated';",
    replace: "return complete || form === 'stream' ? answerVerdict(judgement) : 'truncated';",
    tests: ['test/faults/answer-faults.test.ts'],
    expect: 'F32 ended without an end',
  },
  {
    name: 'another model goes on where one broke off',
    file: 'src/core/attempt/classify-end.ts',
    find: "return end.committed ? { ...failure, result: 'broken' } : failure;",
    replace: 'return failure;',
    tests: ['test/faults/byte-faults.test.ts'],
    expect: 'F51 reset in the middle',
  },
  {
    name: 'a connection held open behind the terminator is kept',
    file: 'src/gateway/attempt.ts',
    find: 'if (!this.#wireEnded) this.#cancelFinish = this.#clock.after(afterFinishMs, () => this.#call.abort());',
    replace: '',
    tests: ['test/faults/answer-faults.test.ts'],
    expect: 'F35 held open behind the terminator',
  },
  {
    name: 'a machine works on for a caller who has left',
    file: 'src/gateway/attempt.ts',
    find: "    this.#settle({ end: 'broken', clock: null, fault: null });\n    this.#leave();\n  }\n\n  #leave",
    replace: "    this.#settle({ end: 'broken', clock: null, fault: null });\n  }\n\n  #leave",
    tests: ['test/faults/client-faults.test.ts'],
    expect: 'F56 the client leaves',
  },
  {
    name: 'a new answer of the resolver is followed out of the house',
    file: 'src/egress/dialer.ts',
    find: '    entry.resolution = judged;\n    return judged;',
    replace: "    if (judged.state !== 'refused') entry.resolution = judged;\n    return judged;",
    tests: ['test/faults/connection-faults.test.ts'],
    expect: 'F63 the name leads elsewhere',
  },
];
