import { openaiChat } from '#dialects/openai-chat.ts';
import { openaiEmbeddings } from '#dialects/openai-embeddings.ts';
import type { KindSays, ProbeResult, UpstreamKind } from '#upstreams/kind.ts';
import { readRefusalBy } from '#upstreams/refusal-rules.ts';

import { prepareRequest } from './prepare-request.ts';
import { reachingFields } from '#upstreams/reaching-field.ts';
import { readCatalogue } from './read-catalogue.ts';
import { refusalRules } from './refusal-rules-table.ts';

/** What one server that speaks the OpenAI API does differently from the others. */
export interface ServerProfile {
  readonly name: string;
  readonly title: string;
  readonly locationMustBeSaid?: true;
  readonly honoursAbort: boolean;
  /** A path that never loads a model. */
  readonly probePath: string;
  readonly catalogue: Omit<UpstreamKind['catalogue'], 'read'>;
  readonly details?: NonNullable<UpstreamKind['details']>;
  readonly load?: NonNullable<UpstreamKind['load']>;
  readonly version?: NonNullable<UpstreamKind['version']>;
  readonly says: KindSays;
  /** Top-level fields of a request by which this server reaches out, beside the templates that all know. */
  readonly reaching: readonly string[];
  /** Sent as `max_tokens` where the caller asked for no bound and the policy knows none; servers with a default of their own need it. */
  readonly outputTokensDefault?: number;
  /** Names of models that run in a cloud, whoever lists them. */
  readonly cloudModel?: RegExp;
}

/** Makes the kind of one row. */
export function openaiCompatible(profile: ServerProfile): UpstreamKind {
  const { cloudModel, details, load, version } = profile;
  const reachingField = reachingFields(profile.reaching);
  return {
    name: profile.name,
    title: profile.title,
    locationMustBeSaid: profile.locationMustBeSaid ?? false,
    says: profile.says,
    dialect: openaiChat,
    otherDialects: { embeddings: openaiEmbeddings },
    honoursAbort: profile.honoursAbort,
    isCloudModel: (model) => cloudModel?.test(model) ?? false,
    authorise: (key) => ({ authorization: `Bearer ${key}` }),
    probe: { path: profile.probePath, read: readProbe },
    catalogue: { read: readCatalogue, ...profile.catalogue },
    ...(details === undefined ? {} : { details }),
    ...(load === undefined ? {} : { load }),
    ...(version === undefined ? {} : { version }),
    reachingField,
    prepare: (call) => prepareRequest(call, { reachingField, outputTokensDefault: profile.outputTokensDefault ?? null }),
    readRefusal: (status, headers, body) => readRefusalBy(refusalRules, { status, headers, body }),
  };
}

function readProbe(status: number, body: string): ProbeResult {
  if (status >= 200 && status < 300) return { state: 'up' };
  const { meaning } = readRefusalBy(refusalRules, { status, headers: {}, body });
  if (meaning === 'loading') return { state: 'loading' };
  return { state: 'down', why: meaning === 'unauthorised' ? `refused our key (${status})` : `answered ${status}` };
}
