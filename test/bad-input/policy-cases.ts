/** A policy that no person wrote, and where and how it is refused. */
export interface PolicyCase {
  readonly name: string;
  readonly text: () => string | Uint8Array;
  /** `line:column`, or the line alone; null where it loads. */
  readonly at: string | null;
  readonly says: string;
}

const good = `version: 1
house: keep
upstreams:
  box: { kind: vllm, url: http://127.0.0.1:9, slots: 1, models: { small: { context: 8k } } }
routes:
  chat: { target: box }
`;
const more = (text: string): string => `${good}${text}`;
const list = (count: number, of: (at: number) => string, between: string): string =>
  Array.from({ length: count }, (_, at) => of(at)).join(between);

/** Nine anchors, each nine times the one before: a thousand million values if they are written out. */
const laughs = (): string => `a0: &a0 [x]\n${list(9, (at) => `a${at + 1}: &a${at + 1} [${list(9, () => `*a${at}`, ', ')}]`, '\n')}\n`;

export const policyCases: readonly PolicyCase[] = [
  { name: 'the policy they are made from', text: () => good, at: null, says: '' },
  { name: 'anchors that multiply', text: () => more(laughs()), at: '', says: '' },
  {
    name: 'anchors that multiply, in a mapping',
    text: () =>
      more(`a0: &a0 { k: v }\n${list(9, (at) => `a${at + 1}: &a${at + 1} { ${list(9, (key) => `k${key}: *a${at}`, ', ')} }`, '\n')}\n`),
    at: '',
    says: '',
  },
  { name: 'an alias of what it stands in', text: () => more('x: &x [*x]\n'), at: '7', says: 'contains itself' },
  { name: 'two aliases of each other', text: () => more('x: &x { y: &y { z: *x } }\n'), at: '7', says: 'contains itself' },
  { name: 'an alias of nothing', text: () => more('x: *nothing\n'), at: '7:4', says: 'no anchor' },
  { name: 'a hundred thousand aliases', text: () => more(`x: &x 1\ny: [${list(100_000, () => '*x', ', ')}]\n`), at: '', says: '' },
  {
    name: 'a chain of ten thousand anchors',
    text: () => more(`a0: &a0 1\n${list(10_000, (at) => `a${at + 1}: &a${at + 1} [*a${at}]`, '\n')}\n`),
    at: '',
    says: '',
  },
  { name: 'a tag that makes objects', text: () => more('x: !!js/function "function () {}"\n'), at: '7', says: 'no tags' },
  { name: 'a tag of Python', text: () => more('x: !!python/object/apply:os.system ["id"]\n'), at: '7', says: 'no tags' },
  { name: 'a tag of one’s own', text: () => more('x: !include /etc/passwd\n'), at: '7', says: 'no tags' },
  { name: 'a tag directive', text: () => `%TAG ! tag:evil.example,2026:\n---\n${good}`, at: null, says: '' },
  { name: 'bytes in base64', text: () => more('x: !!binary aGVsbG8=\n'), at: '7', says: 'no tags' },
  { name: 'a set', text: () => more('x: !!set { a, b }\n'), at: '7', says: 'no tags' },
  { name: 'merge keys', text: () => more('x: &x { a: 1 }\ny: { <<: *x }\n'), at: '7', says: 'merge keys' },
  { name: 'merge keys of themselves', text: () => more('x: &x { <<: *x }\n'), at: '7', says: 'merge keys' },
  { name: 'a key that is a mapping', text: () => more('? { a: 1 }\n: 2\n'), at: '7', says: 'plain text' },
  { name: 'a key that is an alias', text: () => more('x: &x a\n*x : 2\n'), at: '7', says: 'plain text' },
  { name: 'a key of 100 kB', text: () => more(`${'a'.repeat(100_000)}: 1\n`), at: '', says: '' },
  { name: 'a text of 900 kB', text: () => more(`x: ${'a'.repeat(900_000)}\n`), at: '7', says: 'more than 10000 characters' },
  {
    name: 'a name of the house of 900 kB',
    text: () => good.replace('keep', 'a'.repeat(900_000)),
    at: '2:8',
    says: 'more than 10000 characters',
  },
  { name: 'a block of 900 kB', text: () => more(`x: |\n${'  line\n'.repeat(128_000)}`), at: '', says: '' },
  { name: 'a file of 1.1 MB', text: () => more(`# ${'a'.repeat(1_100_000)}\n`), at: '1:1', says: 'larger than 1 MB' },
  { name: 'a million line ends', text: () => `${'\n'.repeat(990_000)}${good}`, at: '', says: 'too much for a policy' },
  { name: 'nine hundred thousand spaces', text: () => more(`${' '.repeat(900_000)}\n`), at: null, says: '' },
  { name: 'a hundred thousand remarks', text: () => more('# a\n'.repeat(200_000)), at: '', says: '' },
  { name: 'a hundred thousand keys', text: () => more(list(100_000, (at) => `k${at}: 1`, '\n')), at: '', says: '' },
  { name: 'ten thousand unknown keys', text: () => more(list(10_000, (at) => `k${at}: 1`, '\n')), at: '7', says: 'unknown key' },
  {
    name: 'three thousand upstreams',
    text: () =>
      good.replace(
        '  box:',
        `${list(3_000, (at) => `  box${at}: { kind: vllm, url: http://127.0.0.1:${at + 10}, slots: 1, models: { m${at}: { context: 8k } } }`, '\n')}\n  box:`,
      ),
    at: '',
    says: 'more than 20000 values',
  },
  {
    name: 'a thousand unknown targets',
    text: () => more(list(1_000, (at) => `  r${at}: { target: nobody${at} }`, '\n')),
    at: '7',
    says: 'nobody0',
  },
  {
    name: 'nested 10,000 deep in brackets',
    text: () => more(`x: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`),
    at: '7',
    says: 'nested too deeply',
  },
  { name: 'nested 100,000 deep in open brackets', text: () => more(`x: ${'['.repeat(100_000)}`), at: '7', says: 'nested too deeply' },
  { name: 'nested 100,000 deep in open braces', text: () => more(`x: ${'{a: '.repeat(100_000)}`), at: '7', says: 'nested too deeply' },
  { name: 'nested by indenting', text: () => more(list(1_000, (at) => `${' '.repeat(at)}a:`, '\n')), at: '', says: 'nested too deeply' },
  { name: 'nested by dashes', text: () => more(`x:\n${'- '.repeat(5_000)}a\n`), at: '', says: 'nested too deeply' },
  { name: 'nested by question marks', text: () => more(`${'? '.repeat(5_000)}a\n`), at: '', says: '' },
  { name: 'a tab for an indent', text: () => good.replace('  box', '\tbox'), at: '4', says: 'a tab cannot indent' },
  { name: 'a key twice', text: () => more('house: again\n'), at: '7', says: 'written twice' },
  { name: '__proto__', text: () => more('__proto__: { polluted: true }\n'), at: '7', says: '__proto__' },
  {
    name: '__proto__ for an upstream',
    text: () => good.replace('  box:', '  __proto__: { kind: vllm }\n  box:'),
    at: '4',
    says: '__proto__',
  },
  { name: '__proto__ in quotes', text: () => more('"\\u005f_proto__": 1\n'), at: '7', says: '__proto__' },
  { name: 'constructor for a key', text: () => more('constructor: { prototype: { polluted: true } }\n'), at: '7', says: 'unknown key' },
  { name: 'toString for a route', text: () => more('  toString: { target: box }\n'), at: '7', says: '' },
  { name: 'constructor for a target', text: () => good.replace('target: box', 'target: constructor'), at: '6', says: 'constructor' },
  { name: '__proto__ for a target', text: () => good.replace('target: box', 'target: __proto__'), at: '6', says: '__proto__' },
  { name: 'a kind called constructor', text: () => good.replace('kind: vllm', 'kind: constructor'), at: '4', says: '' },
  { name: 'two documents', text: () => `${good}---\n${good}`, at: '7', says: 'second document' },
  { name: 'a NUL', text: () => more('x: "\u0000"\n'), at: '7:5', says: 'U+0000' },
  { name: 'an escape sequence of a terminal', text: () => more('x: \u001b[2J\n'), at: '7:4', says: 'U+001B' },
  { name: 'bytes that are no text', text: () => Uint8Array.from([...Buffer.from(good), 0xc3, 0x28]), at: '7:1', says: 'not UTF-8' },
  { name: 'UTF-16', text: () => Buffer.from(`\ufeff${good}`, 'utf16le'), at: '1:1', says: 'UTF-16' },
  { name: 'nothing', text: () => '', at: '1:1', says: 'empty' },
  { name: 'a list', text: () => '- 1\n', at: '1:1', says: 'a policy is a mapping' },
  {
    name: 'JSON with everything wrong',
    text: () => '{"version":[],"house":{},"upstreams":"x","routes":5,"profiles":[],"classify":true}',
    at: '1',
    says: '',
  },
  { name: 'numbers no machine holds', text: () => good.replace('slots: 1', 'slots: 1e400'), at: '4', says: 'slots' },
  {
    name: 'a number of 100,000 digits',
    text: () => good.replace('slots: 1', `slots: ${'9'.repeat(100_000)}`),
    at: '4',
    says: 'more than 10000 characters',
  },
  {
    name: 'a duration of 100,000 digits',
    text: () => good.replace('slots: 1', `slots: 1, clocks: { first_token: ${'9'.repeat(100_000)}s }`),
    at: '4',
    says: 'more than 10000 characters',
  },
  {
    name: 'a duration of 9,000 digits',
    text: () => good.replace('slots: 1', `slots: 1, clocks: { first_token: ${'9'.repeat(9_000)}s }`),
    at: '4',
    says: 'first_token',
  },
  {
    name: 'an url of 100,000 characters',
    text: () => good.replace('127.0.0.1:9', `127.0.0.1:9/${'a/'.repeat(50_000)}`),
    at: '4',
    says: 'more than 10000 characters',
  },
  {
    name: 'a word that is a slow pattern',
    text: () => more(`classify:\n  a: { route: chat, words: ["${'(a+)+$'.repeat(1_000)}"] }\n  b: { route: chat }\n`),
    at: null,
    says: '',
  },
];
