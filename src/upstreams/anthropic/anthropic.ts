import { anthropicMessages } from '#dialects/anthropic-messages.ts';
import type { ProbeResult, UpstreamKind } from '#upstreams/kind.ts';
import { reachingFields } from '#upstreams/reaching-field.ts';
import { readRefusalBy } from '#upstreams/refusal-rules.ts';

import { prepareMessages } from './prepare-messages.ts';
import { refusalRules } from './refusal-rules-table.ts';

/** The release of the API whose facts these are. */
const version = '2023-06-01';

/** Anthropic's Messages API: a cloud, so its location must be said. */
export const anthropic: UpstreamKind = {
  name: 'anthropic',
  title: 'Anthropic (Messages API), a cloud',
  locationMustBeSaid: true,
  defaultUrl: 'https://api.anthropic.com',
  says: {
    loading: 'nothing to load',
    queue: '429 with `retry-after`, 529 where it is overloaded',
    context: 'the policy',
    location: 'the policy, which must say it',
    abort: 'ends the work',
  },
  dialect: anthropicMessages,
  carries: ['image'],
  oneChoice: true,
  honoursAbort: true,
  isCloudModel: () => false,
  authorise: (key) => ({ 'x-api-key': key, 'anthropic-version': version }),
  // Costs nothing, but nothing in a cloud is asked before a caller's own call to it has failed.
  probe: { path: '/v1/models', read: readProbe },
  // Names without a date are served but not listed, so that the list proves nothing about what is absent.
  catalogue: { path: '/v1/models', read: () => null },
  reachingField: reachingFields([]),
  prepare: (call) => prepareMessages(call, version),
  readRefusal: (status, headers, body) => readRefusalBy(refusalRules, { status, headers, body }),
};

function readProbe(status: number): ProbeResult {
  // 429 and 529 are a machine that is there.
  if ((status >= 200 && status < 300) || status === 429 || status === 529) return { state: 'up' };
  return { state: 'down', why: status === 401 || status === 403 ? `refused our key (${status})` : `answered ${status}` };
}
