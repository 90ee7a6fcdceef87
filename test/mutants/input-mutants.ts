import type { Mutant } from '#scripts/run-mutant.ts';

/** Breakages of what stands between bad input and everything else. */
export const INPUT_MUTANTS: readonly Mutant[] = [
  {
    name: 'chunks pass under HTTP/1.0',
    file: 'src/http/answer-request.ts',
    find: "|| request.httpVersion !== '1.0') return null;",
    replace: '|| request.complete !== null) return null;',
    tests: ['test/bad-input/raw-http.test.ts'],
    expect: 'HTTP/1.0 with a chunked body',
  },
  {
    name: 'a body is parsed before its depth is known',
    file: 'src/surfaces/read-json-body.ts',
    find: 'if (members.exceeded !== null) return',
    replace: "if (members.exceeded === 'keysMax') return",
    tests: ['src/surfaces/openai-chat/read-request.test.ts'],
    expect: 'what was made to be expensive is refused before it is parsed',
  },
  {
    name: 'values are not counted',
    file: 'src/core/request/json-members.ts',
    find: `      case comma:
        if (++values > valuesMax) return members.found('valuesMax');`,
    replace: '      case comma:',
    tests: ['src/core/request/json-members.test.ts'],
    expect: 'each bound is met exactly, and the one that is passed is named',
  },
  {
    name: 'the anchor of an alias may come after it',
    file: 'src/config/read-yaml.ts',
    find: "if (node.anchor !== undefined && node.anchor !== '') anchored.set(node.anchor, node);",
    replace: "if (node.anchor !== undefined && node.anchor !== '' && !anchored.has(node.anchor)) anchored.set(node.anchor, node);",
    tests: ['test/config/load-policy.test.ts'],
    expect: 'an alias stands for the last anchor of its name before it',
  },
  {
    name: 'an answer that is held has no bound',
    file: 'src/gateway/attempt.ts',
    find: "if (this.#spec.held && this.#bytes > bodyBytesMax) return this.#fail('broken');",
    replace: '',
    tests: ['test/gateway/held-answers.test.ts'],
    expect: 'so is a stream that is held to its end',
  },
  {
    name: 'a number that no machine holds passes',
    file: 'src/surfaces/openai-chat/field-checks.ts',
    find: 'holds: Number.isFinite };',
    replace: "holds: (value) => typeof value === 'number' };",
    tests: ['test/bad-input/fields.test.ts'],
    expect: '/v1/chat/completions: temperature',
  },
];
