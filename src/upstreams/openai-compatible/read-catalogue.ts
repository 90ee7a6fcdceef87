import type { Modality, Service } from '#core/policy/policy.ts';
import { isJsonFields, parseJsonFields } from '#upstreams/json-fields.ts';
import type { JsonFields } from '#upstreams/json-fields.ts';
import type { ServedModel } from '#upstreams/kind.ts';

import { countAt } from './count-at.ts';

const modelsMax = 10_000;
const nameCharsMax = 512;
const modalities: readonly Modality[] = ['image', 'audio', 'video'];

/** Where servers say how many tokens a model takes now; what is really loaded comes before what would be possible. */
const contextPlaces: readonly (readonly string[])[] = [
  ['loaded_context_length'], // LM Studio
  ['max_model_len'], // vLLM
  ['meta', 'n_ctx'], // llama.cpp
  ['context_length'],
  ['context_window'],
  ['max_context_length'], // LM Studio, not loaded
];

/** What `type` says in LM Studio's list. */
const services: Readonly<Record<string, Service>> = { llm: 'chat', vlm: 'chat', embeddings: 'embeddings', embedding: 'embeddings' };

/**
 * Reads the list of models of any OpenAI-compatible server; null if the body is none (LM Studio answers 200 with an error to paths it does
 * not know). What a server does not say stays null.
 */
export function readCatalogue(body: string): readonly ServedModel[] | null {
  const list = parseJsonFields(body);
  const data = list?.['data'];
  if (list === null || !Array.isArray(data)) return null;
  const alike = besideEntries(list['models']);
  const served = new Map<string, ServedModel>();
  for (const entry of data.slice(0, modelsMax)) {
    if (!isJsonFields(entry)) continue;
    const { id, aliases } = entry;
    for (const name of [id, ...(Array.isArray(aliases) ? aliases : [])]) {
      if (typeof name !== 'string' || name === '' || name.length > nameCharsMax || served.has(name)) continue;
      served.set(name, readEntry(name, { ...alike.get(id), ...entry }));
    }
  }
  return [...served.values()];
}

/** llama.cpp lists each model a second time under `models`, with its capabilities. */
function besideEntries(models: unknown): ReadonlyMap<unknown, JsonFields> {
  const entries = Array.isArray(models) ? models.slice(0, modelsMax).filter(isJsonFields) : [];
  return new Map(entries.map((entry) => [entry['name'] ?? entry['model'], { capabilities: entry['capabilities'] }]));
}

function readEntry(name: string, entry: JsonFields): ServedModel {
  const type = entry['type'];
  return {
    name,
    context: contextPlaces.map((place) => countAt(entry, place)).find((tokens) => tokens !== null) ?? null,
    input: inputOf(entry),
    tools: toolsOf(entry['capabilities']),
    service: typeof type === 'string' && Object.hasOwn(services, type) ? (services[type] ?? null) : null,
    remote: isSaid(entry['remote_host']) || isSaid(entry['remote_model']),
    slots: null,
    ...loadedOf(entry),
  };
}

/** LM Studio says `state`; a llama.cpp that serves several models `status.value`. */
function loadedOf({ state, status }: JsonFields): { readonly loaded?: boolean } {
  const said = state ?? (isJsonFields(status) ? status['value'] : null);
  return typeof said === 'string' ? { loaded: said === 'loaded' } : {};
}

function inputOf(entry: JsonFields): readonly Modality[] | null {
  const { architecture, type, capabilities } = entry;
  const said = isJsonFields(architecture) ? architecture['input_modalities'] : undefined;
  if (Array.isArray(said)) return modalities.filter((modality) => said.includes(modality));
  if (type === 'vlm') return ['image'];
  if (type === 'llm' || type === 'embeddings') return [];
  // "multimodal" does not say which; a list of capabilities without it says text.
  if (Array.isArray(capabilities) && capabilities.includes('completion') && !capabilities.includes('multimodal')) return [];
  return null;
}

function toolsOf(capabilities: unknown): boolean | null {
  if (Array.isArray(capabilities)) return capabilities.includes('tool_use') || capabilities.includes('tools') ? true : null;
  const said = isJsonFields(capabilities) ? (capabilities['tools'] ?? capabilities['tool_use']) : null;
  return typeof said === 'boolean' ? said : null;
}

function isSaid(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
