/** Words of the house: what tidy refuses, and the few places that may say it. Every exception gives its reason. */
interface Exception {
  /** A file, or the start of the paths it is for. */
  readonly path: string;
  readonly why: string;
}

/** No part of a path is one of these: such a name says that nobody knew what belongs there. */
export const EMPTY_NAMES: readonly string[] = [
  'common',
  'data',
  'helper',
  'helpers',
  'index',
  'info',
  'lib',
  'manager',
  'misc',
  'service',
  'services',
  'shared',
  'util',
  'utils',
];

/** No file or folder is called something that ends in one of these. */
export const EMPTY_ENDINGS: readonly string[] = ['helper', 'helpers', 'manager', 'util', 'utils'];

/** Synonyms of the house's own words, with the word to use. */
export const SYNONYMS: Readonly<Record<string, string>> = {
  provider: 'upstream',
  backend: 'upstream',
  deployment: 'target',
};

export const MAY_SAY_SYNONYM: readonly Exception[] = [
  { path: 'src/cli/connect-settings.ts', why: 'two clients have another word in the names of their settings' },
  { path: 'src/traces/spans-of-call.ts', why: 'OpenTelemetry has another word in the name of an attribute' },
];

/** Names of kinds. Shared code asks the descriptor and never names one. */
export const KIND_NAMES: readonly string[] = [
  'vllm',
  'llamacpp',
  'llama.cpp',
  'lmstudio',
  'mlx',
  'ollama',
  'anthropic',
  'openai',
  'scripted',
];

export const MAY_NAME_KINDS: readonly Exception[] = [
  { path: 'src/core/errors/catalog.ts', why: 'the envelopes of the two families of clients spell an error type differently' },
  { path: 'src/cli/connect', why: 'settings of the clients people use' },
  { path: 'src/cli/fake-upstream.ts', why: 'says which API the lying server speaks' },
  { path: 'src/cli/run-fake-upstream.ts', why: 'the lying server is the scripted engine' },
  { path: 'src/demo/', why: 'the demo house says that its machines are scripted' },
  { path: 'src/discovery/', why: 'without a policy somebody must know which server usually listens where' },
  { path: 'src/upstreams/', why: 'the kinds themselves' },
  { path: 'src/dialects/', why: 'the dialects themselves' },
  { path: 'src/surfaces/', why: 'the surfaces themselves' },
];
