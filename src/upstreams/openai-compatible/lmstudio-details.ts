import type { Modality } from '#core/policy/policy.ts';
import { isJsonFields, parseJsonFields } from '#upstreams/json-fields.ts';
import type { JsonFields } from '#upstreams/json-fields.ts';
import type { ServedModel } from '#upstreams/kind.ts';

import { countAt } from './count-at.ts';

const modelsMax = 10_000;

/** One model of LM Studio's own list, and the instance that answers under some name of it. */
interface Known {
  readonly entry: JsonFields;
  readonly instance: JsonFields | null;
}

/**
 * Completes the models of LM Studio by `GET /api/v1/models` (its REST documentation, "List your models"): which instances are loaded, with
 * what window, and how many requests each takes at once. Names are looked for among the models' keys, instances and variants. To a path
 * it does not know it answers 200 with an error.
 */
export function readLmStudioDetails(body: string, models: readonly ServedModel[]): readonly ServedModel[] | null {
  const list = parseJsonFields(body)?.['models'];
  if (!Array.isArray(list)) return null;
  const known = new Map<unknown, Known>();
  for (const entry of list.slice(0, modelsMax)) if (isJsonFields(entry)) addNames(known, entry);
  return models.map((model) => {
    const found = known.get(model.name);
    return found === undefined ? model : completed(model, found);
  });
}

function addNames(known: Map<unknown, Known>, entry: JsonFields): void {
  const { key, variants, selected_variant: selected, loaded_instances: loaded } = entry;
  const instances = Array.isArray(loaded) ? loaded.filter(isJsonFields) : [];
  // Asked by its key, the instance called like it answers, else the first.
  const main = instances.find((instance) => instance['id'] === key) ?? instances[0] ?? null;
  for (const instance of instances) known.set(instance['id'], { entry, instance });
  for (const variant of Array.isArray(variants) ? variants : [])
    if (!known.has(variant)) known.set(variant, { entry, instance: variant === selected ? main : null });
  if (!known.has(key)) known.set(key, { entry, instance: main });
}

function completed(model: ServedModel, { entry, instance }: Known): ServedModel {
  const { capabilities } = entry;
  const tools = isJsonFields(capabilities) ? capabilities['trained_for_tool_use'] : null;
  const window = instance === null ? null : countAt(instance, ['config', 'context_length']);
  return {
    ...model,
    context: window ?? model.context ?? countAt(entry, ['max_context_length']),
    input: inputOf(entry) ?? model.input,
    tools: typeof tools === 'boolean' ? tools : model.tools,
    service: entry['type'] === 'embedding' ? 'embeddings' : entry['type'] === 'llm' ? 'chat' : model.service,
    slots: instance === null ? model.slots : countAt(instance, ['config', 'parallel']),
    loaded: instance !== null,
  };
}

function inputOf({ type, capabilities }: JsonFields): readonly Modality[] | null {
  if (type === 'embedding') return [];
  const vision = isJsonFields(capabilities) ? capabilities['vision'] : null;
  return vision === true ? ['image'] : vision === false ? [] : null;
}
