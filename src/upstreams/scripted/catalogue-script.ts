import type { Json, Script } from './script.ts';

/** One model of a `GET /v1/models` answer. */
export interface CatalogueModel {
  readonly name: string;
  /** Tokens; said in every spelling servers have for it. */
  readonly context?: number;
  /** What the model takes besides text. */
  readonly input?: readonly string[];
}

/** `GET /v1/models`. */
export function modelListScript(models: readonly CatalogueModel[]): Script {
  return [{ do: 'json', value: { object: 'list', data: models.map(modelEntry) } }];
}

/** `GET /health` of a server that is well. */
export function healthScript(): Script {
  return [{ do: 'json', value: { status: 'ok' } }];
}

function modelEntry(model: CatalogueModel): Json {
  return {
    id: model.name,
    object: 'model',
    created: 1_750_000_000,
    owned_by: 'scripted',
    ...(model.context === undefined ? {} : { max_model_len: model.context, meta: { n_ctx: model.context } }),
    ...(model.input === undefined ? {} : { architecture: { input_modalities: [...model.input], output_modalities: ['text'] } }),
  };
}
