import type { ServedModel } from '#upstreams/kind.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import type { AskName } from './ports.ts';

/** What a place answered to one GET. */
export interface PlaceAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Who answered. */
export interface Recognised {
  /** The upstream's name in the policy, where it is free. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Kind of the upstream in the policy. */
  readonly kind: string;
  /** Kind in a policy that a person goes on with, where that is another one: it needs to be told what cannot be learnt. */
  readonly ownKind?: string;
  readonly models: readonly ServedModel[];
}

/** Not served, and why: a proxy that may go to a cloud, a server that wants a key. */
export interface Declined {
  readonly declined: string;
}

interface Ask {
  readonly path: string;
  /** Null if the answer is no list of models. */
  read(answer: PlaceAnswer): Recognised | Declined | null;
}

/** What is asked at a place, and how the answer is read. */
export const asks: Readonly<Record<AskName, Ask>> = {
  ollama: { path: '/api/tags', read: readTags },
  lmstudio: { path: '/api/v0/models', read: readLmStudio },
  openai: { path: '/v1/models', read: readOpenai },
};

type Entry = Readonly<Record<string, unknown>>;

function readTags(answer: PlaceAnswer): Recognised | null {
  if (listOf(answer, 'models') === null) return null;
  const models = catalogue('ollama', answer.body).map((model) => ({ ...model, service: model.service ?? serviceByName(model.name) }));
  // Its OpenAI side, which the clients spoke until now: their requests pass untouched.
  return { name: 'ollama', title: 'Ollama', kind: 'openai', ownKind: 'ollama', models };
}

/** Lists without capabilities are older; there the name has to do. */
function serviceByName(name: string): 'chat' | 'embeddings' {
  return /embed|bge-|minilm/i.test(name) ? 'embeddings' : 'chat';
}

function readLmStudio(answer: PlaceAnswer): Recognised | null {
  const list = listOf(answer, 'data');
  if (list === null || !list.every((entry) => typeof entry['type'] === 'string')) return null;
  return { name: 'lmstudio', title: 'LM Studio', kind: 'lmstudio', models: catalogue('lmstudio', answer.body) };
}

/** Servers that say who they are in `owned_by`. */
const owners: readonly {
  readonly owner: string;
  readonly name: string;
  readonly title: string;
  readonly kind: string;
  readonly ownKind?: string;
}[] = [
  { owner: 'vllm', name: 'vllm', title: 'vLLM', kind: 'vllm' },
  { owner: 'llamacpp', name: 'llamacpp', title: 'llama.cpp', kind: 'llamacpp' },
  { owner: 'library', name: 'ollama', title: 'Ollama', kind: 'openai', ownKind: 'ollama' },
  { owner: 'sglang', name: 'sglang', title: 'SGLang', kind: 'openai' },
];

/** Owners whose models do not run on anybody's own machine: a proxy lists them. */
const clouds = /^(?:openai|azure|anthropic|google|vertex|gemini|bedrock|amazon|mistral|cohere|groq|deepseek|xai|openrouter|gatehouse)\b/i;

function readOpenai(answer: PlaceAnswer): Recognised | Declined | null {
  if (answer.status === 401 || answer.status === 403) return { declined: 'it wants a key; name it in a policy, with its key' };
  const list = listOf(answer, 'data');
  if (list === null) return null;
  const proxied = { declined: 'it looks like a proxy that may forward to a cloud; name it in a policy, with its location' };
  if (Object.keys(answer.headers).some((name) => name.startsWith('x-litellm'))) return proxied;
  const said = list.map((entry) => (typeof entry['owned_by'] === 'string' ? entry['owned_by'] : ''));
  if (said.some((owner) => clouds.test(owner))) return proxied;
  const known = owners.find(({ owner }) => said.length > 0 && said.every((one) => one.toLowerCase() === owner));
  const models = catalogue(known?.kind ?? 'openai', answer.body);
  if (known) {
    const { owner: _, ...who } = known;
    return { ...who, models };
  }
  // Python's own server, and nobody named as owner.
  if (/^BaseHTTP/i.test(answer.headers['server'] ?? '') && said.every((owner) => owner === ''))
    return { name: 'mlx', title: 'MLX', kind: 'mlx', models };
  return { name: 'server', title: 'a server that speaks the OpenAI API', kind: 'openai', models };
}

function catalogue(kind: string, body: string): readonly ServedModel[] {
  const known = upstreamKindNamed(kind);
  const models = known?.catalogue.read(body) ?? [];
  return models.map((model) => ({ ...model, remote: model.remote || known?.isCloudModel(model.name) === true }));
}

function listOf(answer: PlaceAnswer, field: string): readonly Entry[] | null {
  if (answer.status !== 200) return null;
  try {
    const body: unknown = JSON.parse(answer.body);
    const list = isEntry(body) ? body[field] : null;
    return Array.isArray(list) ? list.filter(isEntry) : null;
  } catch {
    return null;
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
