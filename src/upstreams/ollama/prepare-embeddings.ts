import type { PreparedRequest, UpstreamCall } from '#upstreams/kind.ts';

/** What is the policy's of a model: its window and how long it stays. */
const loading = new Set(['num_ctx', 'options', 'keep_alive', 'truncate']);
/** Told by the gatehouse itself, or meant for it. */
const ours = new Set(['model', 'input', 'dimensions', 'encoding_format', 'metadata']);

/** The caller's embeddings as `POST /api/embed`; the inputs stay as they were written. */
export function prepareEmbeddings(call: UpstreamCall): PreparedRequest {
  const { context, pinned } = call.modelPolicy;
  const others = Object.keys(call.body).filter((field) => !ours.has(field));
  const changes = others.map((field) =>
    loading.has(field) ? `${field} dropped: it gives way to the policy` : `${field.slice(0, 60)} not carried`,
  );
  if (context !== null) changes.push(`num_ctx set: ${context}`);
  if (pinned) changes.push('keep_alive set: -1');
  const { dimensions } = call.body;
  const members = [
    ['model', JSON.stringify(call.model)],
    ['input', textOf(call, 'input')],
    // Without it the end of a text that is too long is cut off, and the vector is one of the rest.
    ['truncate', 'false'],
    ...(typeof dimensions === 'number' ? [['dimensions', String(dimensions)]] : []),
    ...(pinned ? [['keep_alive', '-1']] : []),
    ['options', JSON.stringify(context === null ? {} : { num_ctx: context })],
  ];
  return {
    request: {
      method: 'POST',
      path: '/api/embed',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`,
    },
    changes,
  };
}

function textOf({ body, bodyText, spans }: UpstreamCall, field: string): string {
  const span = spans.get(field);
  return span === undefined ? JSON.stringify(body[field] ?? null) : bodyText.slice(span.valueStart, span.valueEnd);
}
