import type { UpstreamKind } from '#upstreams/kind.ts';
import { openaiCompatible } from '#upstreams/openai-compatible/openai-compatible.ts';

/** The byte-level fake server of tests and the demo house. It speaks the OpenAI API and needs nothing added. */
export const scripted: UpstreamKind = openaiCompatible({
  name: 'scripted',
  title: 'a scripted machine, for tests and the demo house',
  honoursAbort: true,
  probePath: '/health',
  cataloguePath: '/v1/models',
  reaching: [],
});
