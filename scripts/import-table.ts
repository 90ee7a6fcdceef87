/**
 * Who may import whom, and what of the world each room may touch: the one place where it is written. `oxlint.config.ts` turns every
 * row into lint errors; the tidy test proves that every folder of `src/` has a row and that code is loaded only in ways the linter can follow.
 *
 * Besides what a row lists, a file may always import its own room: `./x.ts` in its folder, `#room/x.ts` elsewhere in the room.
 */
export interface Room {
  readonly name: string;
  /** Which files of `src/` the row is for. A later row wins over an earlier one, so one file that needs more gets its own row. */
  readonly files: readonly string[];
  /** Its own room, without the `#` of the import. Kinds in one room do not see each other, so theirs is the room's shared files. */
  readonly own: readonly string[];
  /** Files of its own room that a room's files do not import by name. */
  readonly closed?: readonly string[];
  /** Other rooms (`core/`) or single files of them (`store/ports.ts`). */
  readonly rooms: readonly string[] | 'all';
  readonly packages: readonly string[];
  /** `none`, or `plain`: the Node modules that open no socket, database or process; further ones by name. */
  readonly node: readonly ('none' | 'plain' | `node:${string}`)[];
  readonly world: World;
}

/**
 * `pure`: no clock, timers, dice, process. `given`: the same; all of it is passed in. `acting`: timers, but no clock, dice or environment
 * of its own. `shell`: where the real ones are made.
 */
export type World = 'pure' | 'given' | 'acting' | 'shell';

/** Modules and packages that can open a socket. Only rows that name them may import them. */
export const SOCKETS = [
  'node:net',
  'node:tls',
  'node:http',
  'node:https',
  'node:http2',
  'node:dgram',
  'node:dns',
  'node:dns/promises',
  'undici',
  'ws',
  'mqtt',
];

/** Node modules outside `plain`, beside the sockets: databases, processes, other ways to run or load code. */
export const SPECIAL = [
  'node:sqlite',
  'node:child_process',
  'node:cluster',
  'node:worker_threads',
  'node:vm',
  'node:module',
  'node:inspector',
  'node:inspector/promises',
  'node:repl',
  'node:wasi',
];

const LISTEN = ['node:net', 'node:tls', 'node:http', 'node:https'] as const;

export const ROOMS: readonly Room[] = [
  { name: 'core', files: ['src/core/**'], own: ['core/'], rooms: [], packages: [], node: ['none'], world: 'pure' },
  { name: 'prover', files: ['src/prover/**'], own: ['prover/'], rooms: ['core/'], packages: [], node: ['none'], world: 'pure' },
  {
    name: 'replay',
    files: ['src/replay/**'],
    own: ['replay/'],
    rooms: ['core/', 'surfaces/registry.ts', 'surfaces/kind.ts'],
    packages: [],
    node: ['none'],
    world: 'pure',
  },
  {
    name: 'gateway',
    files: ['src/gateway/**'],
    own: ['gateway/'],
    rooms: [
      'core/',
      'surfaces/kind.ts',
      'upstreams/kind.ts',
      'upstreams/learn-server.ts',
      'upstreams/dialect-of.ts',
      'egress/port.ts',
      'store/ports.ts',
      'telemetry/ports.ts',
    ],
    packages: [],
    node: ['none'],
    world: 'given',
  },
  {
    name: 'dialects',
    files: ['src/dialects/**'],
    own: ['dialects/'],
    rooms: ['core/'],
    packages: [],
    node: ['none', 'node:buffer'],
    world: 'pure',
  },
  {
    name: 'surfaces',
    files: ['src/surfaces/**'],
    own: ['surfaces/*.ts'],
    closed: ['surfaces/registry.ts'],
    rooms: ['core/', 'dialects/'],
    packages: [],
    node: ['none', 'node:buffer'],
    world: 'pure',
  },
  {
    name: 'upstreams',
    files: ['src/upstreams/**'],
    own: ['upstreams/*.ts'],
    closed: ['upstreams/registry.ts'],
    rooms: ['core/', 'dialects/', 'egress/port.ts'],
    packages: ['zod'],
    node: ['none'],
    world: 'given',
  },
  {
    name: 'upstreams/scripted',
    files: ['src/upstreams/scripted/**'],
    own: ['upstreams/*.ts', 'upstreams/scripted/', 'upstreams/openai-compatible/'],
    closed: ['upstreams/registry.ts'],
    rooms: ['core/', 'dialects/', 'egress/port.ts'],
    packages: ['zod'],
    node: ['plain', ...LISTEN],
    world: 'shell',
  },
  {
    name: 'egress',
    files: ['src/egress/**'],
    own: ['egress/'],
    rooms: ['core/', 'upstreams/kind.ts'],
    packages: ['undici'],
    node: ['plain', 'node:net', 'node:tls', 'node:http', 'node:https', 'node:dns', 'node:dns/promises'],
    world: 'acting',
  },
  {
    name: 'http',
    files: ['src/http/**'],
    own: ['http/'],
    rooms: ['core/', 'gateway/', 'surfaces/kind.ts', 'control/endpoint.ts'],
    packages: [],
    node: ['plain', ...LISTEN],
    world: 'acting',
  },
  {
    name: 'config',
    files: ['src/config/**'],
    own: ['config/'],
    rooms: ['core/', 'upstreams/registry.ts', 'upstreams/kind.ts', 'surfaces/registry.ts', 'surfaces/kind.ts'],
    packages: ['zod', 'yaml'],
    node: ['plain'],
    world: 'acting',
  },
  {
    name: 'store',
    files: ['src/store/**'],
    own: ['store/'],
    rooms: ['core/'],
    packages: [],
    node: ['plain', 'node:sqlite'],
    world: 'acting',
  },
  {
    name: 'record',
    files: ['src/record/**'],
    own: ['record/'],
    rooms: ['core/', 'store/ports.ts', 'store/line-file.ts', 'surfaces/'],
    packages: [],
    node: ['plain', 'node:sqlite', 'node:worker_threads'],
    world: 'acting',
  },
  { name: 'audit', files: ['src/audit/**'], own: ['audit/'], rooms: [], packages: [], node: ['plain', 'node:sqlite'], world: 'acting' },
  {
    name: 'telemetry',
    files: ['src/telemetry/**'],
    own: ['telemetry/'],
    rooms: ['core/', 'store/ports.ts'],
    packages: [],
    node: ['plain'],
    world: 'acting',
  },
  {
    name: 'traces',
    files: ['src/traces/**'],
    own: ['traces/'],
    rooms: ['core/', 'egress/port.ts', 'gateway/ports.ts', 'store/ports.ts', 'surfaces/registry.ts', 'surfaces/kind.ts'],
    packages: ['pbf'],
    node: ['plain'],
    world: 'acting',
  },
  {
    name: 'identity',
    files: ['src/identity/**'],
    own: ['identity/'],
    rooms: ['core/', 'store/ports.ts'],
    packages: [],
    node: ['plain'],
    world: 'acting',
  },
  {
    name: 'control',
    files: ['src/control/**'],
    own: ['control/'],
    rooms: [
      'core/',
      'gateway/',
      'config/',
      'identity/',
      'record/erase.ts',
      'record/asking/cost-groups.ts',
      'record/asking/list-records.ts',
      'record/asking/question.ts',
      'record/asking/question-too-long.ts',
      'record/asking/terms.ts',
      'store/ports.ts',
      'telemetry/',
      'surfaces/kind.ts',
      'upstreams/kind.ts',
    ],
    packages: [],
    node: ['plain'],
    world: 'acting',
  },
  {
    name: 'recovery',
    files: ['src/recovery/**'],
    own: ['recovery/'],
    rooms: ['core/', 'gateway/ports.ts', 'store/ports.ts', 'telemetry/ports.ts'],
    packages: [],
    node: ['plain', 'node:child_process'],
    world: 'acting',
  },
  {
    name: 'discovery',
    files: ['src/discovery/**'],
    own: ['discovery/'],
    rooms: ['core/', 'config/', 'egress/', 'upstreams/registry.ts', 'upstreams/kind.ts', 'upstreams/learn-server.ts'],
    packages: [],
    node: ['plain'],
    world: 'acting',
  },
  {
    name: 'doctor',
    files: ['src/doctor/**'],
    own: ['doctor/'],
    rooms: [
      'core/',
      'config/',
      'discovery/server-asker.ts',
      'egress/port.ts',
      'upstreams/registry.ts',
      'upstreams/kind.ts',
      'upstreams/learn-server.ts',
    ],
    packages: [],
    node: ['plain'],
    world: 'acting',
  },
  {
    name: 'demo',
    files: ['src/demo/**'],
    own: ['demo/'],
    rooms: ['core/', 'config/', 'upstreams/scripted/'],
    packages: [],
    node: ['none'],
    world: 'acting',
  },
  { name: 'cli', files: ['src/cli/**'], own: ['cli/'], rooms: 'all', packages: ['commander'], node: ['plain'], world: 'shell' },
  { name: 'compose', files: ['src/compose/**'], own: ['compose/'], rooms: 'all', packages: [], node: ['plain'], world: 'shell' },
  { name: 'main', files: ['src/main.ts'], own: [], rooms: 'all', packages: [], node: ['plain'], world: 'shell' },
];
