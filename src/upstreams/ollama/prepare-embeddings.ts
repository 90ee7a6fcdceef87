import { editJsonObject } from '#upstreams/edit-json.ts';
import type { PreparedRequest, UpstreamCall } from '#upstreams/kind.ts';

/** Embeddings by the OpenAI API that Ollama serves beside its own: the caller's body as it is, with the model's name. */
export function prepareEmbeddings(call: UpstreamCall): PreparedRequest {
  const edits = { set: new Map([['model', JSON.stringify(call.model)]]), drop: new Set<string>() };
  return {
    request: {
      method: 'POST',
      path: '/v1/embeddings',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: editJsonObject(call.bodyText, call.spans, edits),
    },
    changes: [],
  };
}
