import type { UpstreamKind } from '#upstreams/kind.ts';
import { openaiCompatible } from '#upstreams/openai-compatible/openai-compatible.ts';
import { DEMO_WHY_HEADER } from './why-header.ts';
import { whySentence } from './why-sentence.ts';

const speaking = openaiCompatible({
  name: 'scripted',
  title: 'a scripted machine, for tests and the demo house',
  honoursAbort: true,
  probePath: '/health',
  catalogue: { path: '/v1/models' },
  says: {
    loading: '`/health` answers 503 "Loading model"',
    queue: 'not told',
    context: 'the list of models',
    location: 'the policy',
    abort: 'stops at once',
  },
  reaching: [],
});

/**
 * The byte-level fake server of tests and the demo house. It speaks the OpenAI API and needs nothing added; it is told why it was
 * chosen, so that a demo machine can say so.
 */
export const scripted: UpstreamKind = {
  ...speaking,
  prepare(call) {
    const { request, changes } = speaking.prepare(call);
    const headers = { ...request.headers, [DEMO_WHY_HEADER]: encodeURIComponent(whySentence(call.why)) };
    return { request: { ...request, headers }, changes };
  },
};
