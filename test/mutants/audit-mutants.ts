import type { Mutant } from '#scripts/run-mutant.ts';

/** The audit weakened, one line at a time. */
export const AUDIT_MUTANTS: readonly Mutant[] = [
  {
    name: 'the audit believes a signature',
    file: 'src/audit/chain.ts',
    find: 'return verify(null, Buffer.from(text), key, bytes);',
    replace: 'return verify(null, Buffer.from(text), key, bytes) || bytes.length === 64;',
    tests: ['test/audit/tamper.test.ts'],
    expect: 'an entry told anew, the rest hashed anew and signed with another key',
  },
  {
    name: 'the audit does not hash the entry',
    file: 'src/audit/check-log.ts',
    find: '!sameBytes(nextHash(this.#head, bytes), hash)',
    replace: '!sameBytes(nextHash(this.#head, bytes), nextHash(this.#head, bytes))',
    tests: ['test/audit/tamper.test.ts'],
    expect: 'a bit of an entry',
  },
  {
    name: 'the audit takes a shorter log',
    file: 'src/audit/check-log.ts',
    find: 'outside !== null && outside.last > this.#seq',
    replace: 'outside !== null && outside.last < this.#seq && outside.last === 0',
    tests: ['test/audit/tamper.test.ts'],
    expect: 'cut off behind one of its checkpoints',
  },
  {
    name: 'the audit lets a beginning be missing',
    file: 'src/audit/check-seals.ts',
    find: 'if (first > before) {',
    replace: 'if (first > before && before > first) {',
    tests: ['test/audit/tamper.test.ts'],
    expect: 'the front removed, with a forged prune entry',
  },
  {
    name: 'the audit lets any text be missing',
    file: 'src/audit/check-bodies.ts',
    find: 'if (!isFound && isLive)',
    replace: 'if (!isFound && isLive && isFound)',
    tests: ['test/audit/tamper.test.ts'],
    expect: 'a text removed',
  },
  {
    name: 'the audit compares no row',
    file: 'src/audit/expected-row.ts',
    find: 'if (is !== should) return',
    replace: 'if (is !== should && is === undefined) return',
    tests: ['test/audit/tamper.test.ts'],
    expect: 'a column of a row',
  },
];
