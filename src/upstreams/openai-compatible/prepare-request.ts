import type { Service } from '#core/policy/policy.ts';
import { findJsonMembers } from '#core/request/json-members.ts';
import { editJsonObject, filterJsonArray } from '#upstreams/edit-json.ts';
import type { PreparedRequest, UpstreamCall, UpstreamKind } from '#upstreams/kind.ts';

const paths: Readonly<Record<Service, string>> = {
  chat: '/v1/chat/completions',
  embeddings: '/v1/embeddings',
  rerank: '/v1/rerank',
  transcription: '/v1/audio/transcriptions',
  speech: '/v1/audio/speech',
  images: '/v1/images/generations',
};

/** Fields that make no sense without tools, and that strict servers then refuse. */
const toolFields = ['tool_choice', 'parallel_tool_calls'];

/** What a request is changed in, as it is worked out. */
interface Draft {
  readonly call: UpstreamCall;
  readonly set: Map<string, string>;
  readonly drop: Set<string>;
  readonly changes: string[];
}

/**
 * The caller's request as it goes to an OpenAI-compatible server: `model` spliced in place, usage asked for on streams, and what the
 * server or the tier must have added or dropped. Everything else is the caller's, byte for byte.
 */
export function prepareRequest(
  call: UpstreamCall,
  needs: { readonly reachingField: UpstreamKind['reachingField']; readonly outputTokensDefault: number | null },
): PreparedRequest {
  const draft: Draft = { call, set: new Map([['model', JSON.stringify(call.model)]]), drop: new Set(), changes: [] };
  dropReaching(draft, needs.reachingField);
  if (call.service === 'chat') {
    dropKept(draft);
    if (call.houseOnly) dropHosted(draft);
    dropEmptyTools(draft);
    if (needs.outputTokensDefault !== null) boundOutput(draft, call.outputTokensMax ?? needs.outputTokensDefault);
    streamAsWanted(draft);
  }
  return {
    request: {
      method: 'POST',
      path: paths[call.service],
      headers: {
        'content-type': 'application/json',
        accept: call.stream ? 'text/event-stream' : 'application/json',
        'accept-encoding': 'identity',
      },
      body: editJsonObject(call.bodyText, call.spans, draft),
    },
    changes: draft.changes,
  };
}

function drop(draft: Draft, field: string, why: string): void {
  if (!Object.hasOwn(draft.call.body, field) || draft.drop.has(field)) return;
  draft.drop.add(field);
  draft.changes.push(`${field} dropped: ${why}`);
}

/** Such a request is refused before it comes here; what slipped through is still not sent. */
function dropReaching(draft: Draft, reachingField: UpstreamKind['reachingField']): void {
  let rest = draft.call.body;
  for (let path = reachingField(rest); path !== null; path = reachingField(rest)) {
    const [field] = path.split('.');
    if (field !== undefined) drop(draft, field, 'it makes the server reach out');
    rest = Object.fromEntries(Object.entries(rest).filter(([other]) => other !== field));
  }
}

/** Nobody but the record keeps what was said. */
function dropKept(draft: Draft): void {
  const { store } = draft.call.body;
  if (store !== undefined && store !== null && store !== false) drop(draft, 'store', 'servers keep no conversations');
}

/** Takes out what the server would do elsewhere: web search, interpreters, and whatever else is no tool of the caller's own. */
function dropHosted(draft: Draft): void {
  const { body, bodyText, spans } = draft.call;
  const reason = 'this caller’s data stays in the house';
  drop(draft, 'web_search_options', reason);
  const { tools } = body;
  const span = spans.get('tools');
  if (!Array.isArray(tools) || span === undefined) return;
  const hosted = tools.map(hostedType);
  const kept = hosted.filter((type) => type === null).length;
  if (kept === tools.length) return;
  const names = [...new Set(hosted.filter((type) => type !== null))].join(', ');
  draft.changes.push(`hosted tools dropped (${names}): ${reason}`);
  if (kept > 0)
    draft.set.set(
      'tools',
      filterJsonArray(bodyText.slice(span.valueStart, span.valueEnd), (index) => hosted[index] === null),
    );
  else for (const field of ['tools', ...toolFields]) drop(draft, field, 'no tools are left');
}

/** The type of a tool that the server runs itself; null for one that the caller runs. */
function hostedType(tool: unknown): string | null {
  if (typeof tool !== 'object' || tool === null || !('type' in tool)) return null;
  const { type } = tool;
  if (type === 'function' || type === 'custom') return null;
  return typeof type === 'string' ? type.slice(0, 60) : 'unknown';
}

/** An empty list means no tools everywhere, but some servers refuse it. */
function dropEmptyTools(draft: Draft): void {
  const isEmpty = (field: string): boolean => {
    const list = draft.call.body[field];
    return Array.isArray(list) && list.length === 0;
  };
  if (isEmpty('tools')) for (const field of ['tools', ...toolFields]) drop(draft, field, 'the list of tools is empty');
  if (isEmpty('functions')) for (const field of ['functions', 'function_call']) drop(draft, field, 'the list of functions is empty');
}

function boundOutput(draft: Draft, tokens: number): void {
  const { max_completion_tokens: completion, max_tokens: output } = draft.call.body;
  if (typeof completion === 'number' || typeof output === 'number') return;
  draft.set.set('max_tokens', String(tokens));
  draft.changes.push(`max_tokens added: ${tokens}`);
}

function streamAsWanted(draft: Draft): void {
  const { call } = draft;
  const asked = call.body['stream'] === true;
  if (asked !== call.stream) {
    draft.set.set('stream', String(call.stream));
    draft.changes.push(`stream set: ${call.stream}`);
  }
  if (!call.stream) return;
  const options = call.body['stream_options'];
  const span = call.spans.get('stream_options');
  if (typeof options === 'object' && options !== null && !Array.isArray(options) && span !== undefined) {
    if ('include_usage' in options && options.include_usage === true) return;
    const text = call.bodyText.slice(span.valueStart, span.valueEnd);
    const { spans, repeated } = findJsonMembers(text);
    const edits = { set: new Map([['include_usage', 'true']]), drop: new Set<string>() };
    draft.set.set(
      'stream_options',
      repeated === null ? editJsonObject(text, spans, edits) : JSON.stringify({ ...options, include_usage: true }),
    );
  } else {
    draft.set.set('stream_options', '{"include_usage":true}');
  }
  draft.changes.push('stream_options.include_usage set: true');
}
