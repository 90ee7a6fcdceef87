import { defineConfig } from 'oxlint';
import { ROOMS, SOCKETS, SPECIAL } from './scripts/import-table.ts';
import type { Room, World } from './scripts/import-table.ts';

interface Pattern {
  readonly group: string[];
  readonly message: string;
}

const UP: Pattern = { group: ['../**'], message: "a relative import never leaves its folder; write '#room/file.ts'" };

/** What one room may import, as an ignore-file pattern list: everything is out, then the exceptions, the last match wins. */
function patternsOf(room: Room): Pattern[] {
  // A leading `#` would be a comment in this syntax, and `**` crosses folders only right after a slash.
  const roomPattern = (to: string): string => `![#]${to.endsWith('/') ? `${to}**` : to}`;
  const node = room.node.includes('plain') ? ['!node:*', '!node:*/**', ...SOCKETS, ...SPECIAL] : [];
  const group = [
    '**',
    '!./**',
    ...[...room.own, ...(room.rooms === 'all' ? ['*', '*/'] : room.rooms)].map(roomPattern),
    ...(room.closed ?? []).map((to) => `[#]${to}`),
    '[#]test/**',
    '[#]scripts/**',
    ...node,
    // After the sockets: a row that names a package of theirs may have it.
    ...room.packages.flatMap((name) => [`!${name}`, `!${name}/**`]),
    ...room.node.filter((name) => name.startsWith('node:')).map((name) => `!${name}`),
  ];
  return [
    {
      group,
      message: `${room.name} may not import this; who may import whom is in scripts/import-table.ts, and nothing goes through '../'`,
    },
  ];
}

const NETWORK_GLOBALS = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => ({
  name,
  message: 'only src/egress opens sockets',
}));
const HIDDEN = [{ name: 'globalThis', message: 'hides what is used; name the thing itself' }];
const GIVEN = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'Date',
  'performance',
  'crypto',
  'process',
].map((name) => ({ name, message: 'clock, timers, ids and randomness are passed in' }));
const CLOCKS = [
  { object: 'Date', property: 'now', message: 'take the time from the clock that is passed in' },
  { object: 'performance', property: 'now', message: 'take the time from the clock that is passed in' },
  { object: 'Math', property: 'random', message: 'take randomness from what is passed in' },
  { object: 'process', property: 'env', message: 'only the command line and the composition read the environment' },
];
const ABORT_TIMEOUT = { object: 'AbortSignal', property: 'timeout', message: 'takes the real clock; use the timers that are passed in' };

function globalsOf(world: World): ['error', ...{ name: string; message: string }[]] {
  return ['error', ...NETWORK_GLOBALS, ...HIDDEN, ...(world === 'pure' || world === 'given' ? GIVEN : [])];
}

function propertiesOf(world: World): 'off' | ['error', ...{ object: string; property: string; message: string }[]] {
  if (world === 'shell') return 'off';
  return ['error', ...CLOCKS, ...(world === 'acting' ? [] : [ABORT_TIMEOUT])];
}

const rooms = ROOMS.map((room) => ({
  files: [...room.files],
  excludeFiles: ['**/*.test.ts'],
  rules: {
    'eslint/no-restricted-imports': ['error' as const, { patterns: patternsOf(room) }] as ['error', { patterns: Pattern[] }],
    'eslint/no-restricted-globals': globalsOf(room.world),
    'eslint/no-restricted-properties': propertiesOf(room.world),
  },
}));

const LONG_BY_NATURE = ['**/*.gen.ts', '**/*-table.ts', '**/catalog.ts', '**/schema.ts'];
const maxLines = (max: number): ['error', { max: number }] => ['error', { max }];

export default defineConfig({
  ignorePatterns: ['**/node_modules'],
  plugins: ['typescript', 'import', 'promise', 'node', 'unicorn', 'oxc'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  env: { node: true, es2024: true },
  rules: {
    'eslint/eqeqeq': 'error',
    'eslint/no-console': 'error',
    'eslint/no-eval': 'error',
    'eslint/no-new-func': 'error',
    'eslint/no-implied-eval': 'error',
    'eslint/max-lines': maxLines(500),
    'eslint/max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
    'eslint/no-restricted-imports': ['error', { patterns: [UP] }],
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-default-export': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': [
      'error',
      { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'it', 'suite', 'describe', 'before', 'after'], package: 'node:test' }] },
    ],
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'unicorn/prefer-node-protocol': 'error',
    // Shadowing a name in an inner function, and `await` in a loop, are ordinary code here.
    'eslint/no-shadow': 'off',
    'eslint/no-await-in-loop': 'off',
    'unicorn/no-array-sort': 'off',
    // Rows of a table may have a column named `then`.
    'unicorn/no-thenable': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'import/no-unassigned-import': 'off',
    'import/no-named-as-default-member': 'off',
    // The compiler's `noImplicitReturns` knows which switches are exhaustive.
    'typescript/consistent-return': 'off',
  },
  overrides: [
    { files: LONG_BY_NATURE, rules: { 'eslint/max-lines': 'off', 'eslint/max-lines-per-function': 'off' } },
    ...rooms,
    { files: ['src/cli/**', 'src/main.ts', 'scripts/**', 'bench/**', 'test/**'], rules: { 'eslint/no-console': 'off' } },
    {
      files: ['**/*.test.ts', 'test/**', 'bench/**'],
      rules: { 'eslint/max-lines': maxLines(800), 'eslint/max-lines-per-function': 'off', 'typescript/no-unsafe-type-assertion': 'off' },
    },
    { files: ['*.config.ts', 'scripts/knip-count.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
});
