import { withoutLatest } from '#core/policy/tables.ts';
import { fieldsOfList, parseJsonFields } from '#upstreams/json-fields.ts';
import type { JsonFields } from '#upstreams/json-fields.ts';
import type { ServedModel } from '#upstreams/kind.ts';

const modelsMax = 10_000;
const nameCharsMax = 512;

/** Reads `GET /api/tags`; null if the body is no such list. Older releases say nothing of abilities. */
export function readCatalogue(body: string): readonly ServedModel[] | null {
  const list = parseJsonFields(body);
  if (list === null || !Array.isArray(list['models'])) return null;
  const served = new Map<string, ServedModel>();
  for (const entry of fieldsOfList(list['models']).slice(0, modelsMax)) {
    const name = nameOf(entry);
    if (name !== null && !served.has(name)) served.set(name, readEntry(name, entry));
  }
  return [...served.values()];
}

/** Adds to the list which models are in memory now (`GET /api/ps`); null if the body does not say. */
export function withResidents(body: string, models: readonly ServedModel[]): readonly ServedModel[] | null {
  const list = parseJsonFields(body);
  if (list === null || !Array.isArray(list['models'])) return null;
  const resident = new Set(fieldsOfList(list['models']).map((entry) => withoutLatest(nameOf(entry) ?? '')));
  // The window a model was loaded with is no bound: a request that names another one has it loaded anew.
  return models.map((model) => ({ ...model, loaded: resident.has(withoutLatest(model.name)) }));
}

function nameOf(entry: JsonFields): string | null {
  const name = entry['name'] ?? entry['model'];
  return typeof name === 'string' && name !== '' && name.length <= nameCharsMax ? name : null;
}

function readEntry(name: string, entry: JsonFields): ServedModel {
  const said = entry['capabilities'];
  const capabilities: readonly unknown[] | null = Array.isArray(said) ? said : null;
  const embeds = capabilities !== null && capabilities.includes('embedding') && !capabilities.includes('completion');
  return {
    name,
    context: null,
    input: capabilities === null ? null : capabilities.includes('vision') ? ['image'] : [],
    tools: capabilities === null ? null : capabilities.includes('tools'),
    service: capabilities === null ? null : embeds ? 'embeddings' : 'chat',
    remote: isSaid(entry['remote_host']) || isSaid(entry['remote_model']),
    slots: null,
  };
}

function isSaid(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
