import type { Modality } from '#core/policy/policy.ts';
import { isJsonFields, parseJsonFields } from '#upstreams/json-fields.ts';
import type { ServedModel } from '#upstreams/kind.ts';

import { countAt } from './count-at.ts';

const modalityNames: readonly (readonly [name: string, modality: Modality])[] = [
  ['vision', 'image'],
  ['audio', 'audio'],
  ['video', 'video'],
];

/**
 * Completes the models of a llama.cpp server by `GET /props` (its server README, "GET /props"): the window of one slot, how many slots there
 * are, what the model sees and hears, whether its template knows tools, whether it sleeps. A router answers with a stub that says nothing of
 * any model, and is not asked for one, because that would load it.
 */
export function readProps(body: string, models: readonly ServedModel[]): readonly ServedModel[] | null {
  const props = parseJsonFields(body);
  if (props === null || !isJsonFields(props['default_generation_settings']) || props['role'] === 'router') return null;
  const context = countAt(props, ['default_generation_settings', 'n_ctx']);
  const slots = countAt(props, ['total_slots']);
  const input = inputOf(props['modalities']);
  const tools = toolsOf(props['chat_template_caps']);
  const sleeping = props['is_sleeping'];
  return models.map((model) => ({
    ...model,
    context: context ?? model.context,
    slots: slots ?? model.slots,
    input: input ?? model.input,
    tools: tools ?? model.tools,
    ...(typeof sleeping === 'boolean' ? { loaded: !sleeping } : {}),
  }));
}

function inputOf(said: unknown): readonly Modality[] | null {
  if (!isJsonFields(said)) return null;
  return modalityNames.filter(([name]) => said[name] === true).map(([, modality]) => modality);
}

/** A template without tools is no proof of a model without them: older servers put them into the prompt themselves. */
function toolsOf(caps: unknown): boolean | null {
  return isJsonFields(caps) && caps['supports_tools'] === true ? true : null;
}
