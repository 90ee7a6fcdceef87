/** The house of the sovereignty test: four machines that are all dead, and a cloud that would answer. */

/** On the interface of the house. */
export const houseAddress = '10.77.0.1';
/** An address that a router would carry out of the house (RFC 5737). */
export const cloudAddress = '203.0.113.9';
export const listenPort = 8484;

/** Everything the policy allows a sovereign request to reach: two machines that die when they are asked, two that are not there. */
export const houseMachines = ['10.77.0.1:8001', '10.77.0.1:8002', '10.77.0.2:8003', '10.77.0.3:8004'];

export const policyText = `
version: 1
house: den
listen: 127.0.0.1:${listenPort}
upstreams:
  eyes: { kind: vllm, url: 'http://10.77.0.1:8001', slots: 1, models: { seer: { context: 32k, input: [text, image] } } }
  coder: { kind: llamacpp, url: 'http://10.77.0.1:8002', slots: 2, models: { smith: { context: 128k, tools: true } } }
  brain:
    { kind: vllm, url: 'http://10.77.0.2:8003', slots: 2, clocks: { connect: 300ms }, models: { sage: { context: 128k, input: [text, image], tools: true } } }
  chatty: { kind: lmstudio, url: 'http://10.77.0.3:8004', slots: 1, clocks: { connect: 300ms }, models: { parrot: { context: 32k } } }
  beyond:
    kind: openai
    url: https://${cloudAddress}
    location: cloud
    key: \${CLOUD_KEY}
    models: { large: { context: 200k, input: [text, image], tools: true } }
routes:
  vision: { target: eyes, spill: [beyond], failover: [brain, beyond] }
  code: { target: coder, spill: [chatty, beyond], failover: [brain, beyond] }
  chat: { target: chatty, failover: [brain, beyond] }
  reasoning: { target: brain, failover: [beyond] }
  outside: { target: beyond, failover: [brain] }
  only-outside: { target: beyond }
classify:
  vision: { route: vision, words: [screenshot], image: true }
  coding: { route: code, words: [refactor], above: { 24k: reasoning } }
  other: { route: chat, above: { 8k: only-outside } }
profiles:
  private: { tier: sovereign }
  patient: { tier: sovereign, wait: 200ms, exhausted: { queue: 1500ms } }
  agents: { tier: coordination }
  personal: { tier: local-first }
  open: { tier: cloud-explicit }
guarantees:
  - { name: private stays home, when: { profile: private }, never: cloud }
`;

/** One request to the house, and what may come back. */
export interface Asked {
  readonly what: string;
  readonly profile: 'private' | 'patient' | 'agents' | 'personal';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly codes: readonly string[];
}

const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(4_000)}` } };
const ask = (model: string, content: unknown = 'hello', more: object = {}): Asked['body'] => ({
  model,
  messages: [{ role: 'user', content }],
  ...more,
});
const lost = ['no_route', 'upstream_bad_gateway', 'saturated'];
const forbidden = ['egress_forbidden'];
const denied = ['scope_denied'];
const refused = ['invalid_request'];

const shapes: readonly Omit<Asked, 'profile'>[] = [
  { what: 'auto', body: ask('den/auto'), codes: lost },
  { what: 'auto, streamed', body: ask('den/auto', 'refactor this', { stream: true }), codes: lost },
  { what: 'an image', body: ask('den/auto', [image]), codes: lost },
  { what: 'an image, streamed', body: ask('den/auto', [{ type: 'text', text: 'a screenshot' }, image], { stream: true }), codes: lost },
  {
    what: 'a long prompt whose next size is outside',
    body: ask('den/auto', 'word '.repeat(20_000)),
    codes: [...lost, ...forbidden, 'context_length_exceeded'],
  },
  { what: 'tools', body: ask('den/code', 'hi', { tools: [{ type: 'function', function: { name: 'f' } }] }), codes: lost },
  { what: 'a hosted tool', body: ask('den/code', 'hi', { tools: [{ type: 'web_search' }], web_search_options: {} }), codes: lost },
  { what: 'every route', body: ask('den/reasoning'), codes: lost },
  { what: 'a route whose target is outside', body: ask('den/outside'), codes: lost },
  { what: 'a route that is only outside', body: ask('den/only-outside'), codes: forbidden },
  { what: 'the cloud by upstream and model', body: ask('beyond/large'), codes: forbidden },
  { what: 'the cloud’s model by its bare name', body: ask('large'), codes: forbidden },
  { what: 'a route outside by header', headers: { 'x-gatehouse-route': 'only-outside' }, body: ask('den/chat'), codes: forbidden },
  { what: 'a route outside as a hint', body: ask('den/auto', 'hi', { metadata: { route: 'only-outside' } }), codes: forbidden },
  { what: 'a wider tier', headers: { 'x-gatehouse-tier': 'local-first' }, body: ask('den/chat'), codes: denied },
  { what: 'the widest tier', headers: { 'x-gatehouse-tier': 'cloud-explicit' }, body: ask('beyond/large'), codes: denied },
  { what: 'its own tier, said again', headers: { 'x-gatehouse-tier': 'sovereign' }, body: ask('den/chat'), codes: lost },
  { what: 'a base in the body', body: ask('den/chat', 'hi', { api_base: `https://${cloudAddress}/v1` }), codes: refused },
  { what: 'fallbacks in the body', body: ask('den/chat', 'hi', { fallbacks: ['beyond/large'] }), codes: refused },
  {
    what: 'an image by address',
    body: ask('den/auto', [{ type: 'image_url', image_url: { url: `https://${cloudAddress}/cat.png` } }]),
    codes: refused,
  },
  { what: 'an adapter to be loaded', body: ask('den/code', 'hi', { lora: `https://${cloudAddress}/x` }), codes: refused },
  {
    what: 'a proxy of its own',
    headers: { forwarded: `for=${cloudAddress}`, 'x-forwarded-host': cloudAddress },
    body: ask('den/chat'),
    codes: lost,
  },
];

/** What sovereign callers ask, and a wider caller who narrows itself: none of it may leave the house, nor be answered. */
export const battery: readonly Asked[] = [
  ...shapes.map((shape): Asked => ({ ...shape, profile: 'private' })),
  ...shapes.slice(0, 4).map((shape): Asked => ({ ...shape, profile: 'patient' })),
  { what: 'an agent’s prompt', profile: 'agents', body: ask('den/chat'), codes: lost },
  { what: 'an agent for the cloud', profile: 'agents', body: ask('beyond/large'), codes: forbidden },
  {
    what: 'a wider caller that narrows itself',
    profile: 'personal',
    headers: { 'x-gatehouse-tier': 'sovereign' },
    body: ask('den/chat'),
    codes: lost,
  },
  {
    what: 'a wider caller that narrows itself, for the cloud',
    profile: 'personal',
    headers: { 'x-gatehouse-tier': 'sovereign' },
    body: ask('beyond/large'),
    codes: forbidden,
  },
];

/** What may leave the house: the control run, which the same look at the trace must catch. */
export const leaving: Asked = {
  what: 'a local-first caller whose machines are dead',
  profile: 'personal',
  body: ask('den/chat'),
  codes: [],
};
