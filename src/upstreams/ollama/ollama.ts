import { ollamaChat } from '#dialects/ollama-chat.ts';
import { ollamaEmbed } from '#dialects/ollama-embed.ts';
import type { ProbeResult, UpstreamKind } from '#upstreams/kind.ts';
import { reachingFields } from '#upstreams/reaching-field.ts';
import { readRefusalBy } from '#upstreams/refusal-rules.ts';
import { versionField } from '#upstreams/version-field.ts';

import { prepareChat } from './prepare-chat.ts';
import { prepareEmbeddings } from './prepare-embeddings.ts';
import { readCatalogue, withResidents } from './read-catalogue.ts';
import { refusalRules } from './refusal-rules-table.ts';

/**
 * Ollama by its own API, which says what its OpenAI-compatible one cannot: the window, thinking, how long a model stays, and a stream's
 * errors. Facts are of its API reference and `api/types.go`.
 */
export const ollama: UpstreamKind = {
  name: 'ollama',
  title: 'Ollama',
  locationMustBeSaid: false,
  defaultUrl: 'http://127.0.0.1:11434',
  says: {
    loading: 'nothing says so; a model that `/api/ps` does not list is loaded by the next request',
    queue: 'nothing says so; beyond 512 waiting it answers 503',
    context: 'the policy: every request names it (`num_ctx`)',
    location: 'the policy; `remote_host`, `remote_model` and names that end in `cloud` are a cloud whatever the host',
    abort: 'ends the work',
  },
  dialect: ollamaChat,
  otherDialects: { embeddings: ollamaEmbed },
  carries: ['image'],
  oneChoice: true,
  pins: true,
  honoursAbort: true,
  isCloudModel: (model) => /[:-]cloud$/i.test(model),
  authorise: (key) => ({ authorization: `Bearer ${key}` }),
  probe: { path: '/api/version', read: readProbe },
  version: versionField('/api/version', 'version'),
  catalogue: { path: '/api/tags', read: readCatalogue },
  details: { path: '/api/ps', read: withResidents },
  reachingField: reachingFields(['template', 'adapter', 'adapters', 'from', 'raw']),
  prepare: (call) => (call.service === 'chat' ? prepareChat(call) : prepareEmbeddings(call)),
  readRefusal: (status, headers, body) => readRefusalBy(refusalRules, { status, headers, body }),
};

function readProbe(status: number): ProbeResult {
  if (status >= 200 && status < 300) return { state: 'up' };
  return { state: 'down', why: status === 401 || status === 403 ? `refused our key (${status})` : `answered ${status}` };
}
