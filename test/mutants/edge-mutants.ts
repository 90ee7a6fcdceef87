import type { Mutant } from '#scripts/run-mutant.ts';

/** Breakages of what meets callers and machines. */
export const EDGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'a field that routes passes',
    file: 'src/surfaces/read-json-body.ts',
    find: "['api_base', 'base_url',",
    replace: "['base_url',",
    tests: ['src/surfaces/openai-chat/read-request.test.ts'],
    expect: 'api_base is refused on top and passes inside',
  },
  {
    name: 'a stranger at the address is accepted',
    file: 'src/egress/origins.ts',
    find: 'peer === null || peer !== normalAddress(pin)',
    replace: 'peer === null',
    tests: ['test/egress/locks.test.ts'],
    expect: 'the peer must be the pin: a stranger hears nothing and the alarm is raised',
  },
  {
    name: 'the permit check is off',
    file: 'src/egress/dialer.ts',
    find: "if (refusal !== null) return refuse('no_permit', refusal);",
    replace: '',
    tests: ['test/egress/locks.test.ts'],
    expect: 'without a fitting permit nothing is dialled',
  },
  {
    name: 'a redirect is a success',
    file: 'src/upstreams/openai-compatible/refusal-rules-table.ts',
    find: "{ statuses: [3], meaning: 'redirect' },",
    replace: "{ statuses: [3], meaning: 'busy' },",
    tests: ['test/gateway/failures.test.ts'],
    expect: 'a redirect is never followed',
  },
  {
    name: 'the HMAC is ignored',
    file: 'src/identity/key-ring.ts',
    find: "return createHmac('sha256', this.#secret).update(text).digest();",
    replace: 'return Buffer.alloc(32, text.slice(0, 32));',
    tests: ['src/identity/key-ring.test.ts'],
    expect: 'a changed, cut or lengthened key never passes',
  },
  {
    name: 'a revoked key lives on',
    file: 'src/identity/key-ring.ts',
    find: 'key && same && key.revokedAt === null ?',
    replace: 'key && same ?',
    tests: ['src/identity/key-ring.test.ts'],
    expect: 'a revoked key is out before the file is written, and stays out after a restart',
  },
  {
    name: 'a sovereign permit opens a cloud target',
    file: 'src/egress/permit.ts',
    find: "permit.tier === 'sovereign' || permit.tier === 'coordination'",
    replace: "permit.tier === 'coordination'",
    tests: ['src/egress/permit.test.ts'],
    expect: 'a permit that differs from what is declared opens nothing',
  },
];
