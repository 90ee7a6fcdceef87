/** The house into which every example of the page is put, so that it has something to speak of. */
export const EXAMPLE_HOUSE = `version: 1
house: homelab
upstreams:
  tower: { kind: vllm, url: "http://127.0.0.1:8001", slots: 4, models: { qwen3-30b: { context: 128k } } }
  studio: { kind: llamacpp, url: "http://192.168.1.30:8080", slots: 2, models: { gemma-3-27b: { context: 128k } } }
  away: { kind: openai, url: "https://api.example.com", location: cloud, models: { large: { context: 200k } } }
routes:
  chat: { target: studio }
  code: { target: tower, failover: studio }
classify:
  coding: { route: code, words: [refactor] }
  rest: { route: chat }
profiles:
  personal: { tier: sovereign }
  cameras: { tier: sovereign }
cost: { currency: EUR }
export: { traces: { url: "http://127.0.0.1:6006" } }
`;

/** Which entry of that house stands for the names that anybody chooses. */
export const EXAMPLE_NAMES: Readonly<Record<string, string>> = {
  'upstreams.<name>': 'tower',
  'upstreams.<name>.models.<name>': 'qwen3-30b',
  'routes.<name>': 'code',
  'classify.<name>': 'coding',
  'profiles.<name>': 'personal',
};

/** One example for each key of the policy file: a piece of YAML that is merged into the entry which the key belongs to. */
export const POLICY_EXAMPLES: Readonly<Record<string, string>> = {
  version: 'version: 1',
  house: 'house: homelab',
  listen: 'listen: [127.0.0.1:8484, "[::1]:8484"]',
  hosts: 'hosts: [localhost, gatehouse.lan]',
  injected: 'injected: [system-reminder, memory]',
  upstreams: 'upstreams: { attic: { kind: vllm, url: "http://192.168.1.40:8000", slots: 2, models: { glm-4.5-air: { context: 128k } } } }',
  routes: 'routes: { reasoning: { target: tower }, gpt-4o: chat }',
  classify: 'classify: { seeing: { route: code, image: true } }',
  profiles: 'profiles: { guests: { routes: [chat] } }',
  guarantees: 'guarantees: [{ name: nothing leaves, never: cloud }]',
  record: 'record: { keep: 180d, max: 50GB }',
  'record.checkpoints': 'checkpoints: /mnt/other/gatehouse-checkpoints.jsonl',
  'record.keep': 'keep: 180d',
  'record.max': 'max: 50GB',
  'record.files': 'files: true',
  cost: 'cost: { currency: EUR, per_kwh: 0.32 }',
  'cost.currency': 'currency: EUR',
  'cost.per_kwh': 'per_kwh: 0.32',
  'cost.compare': 'compare: { input: 3.00, output: 15.00 }',
  'cost.compare.input': '{ input: 3.00, output: 15.00 }',
  'cost.compare.output': '{ input: 3.00, output: 15.00 }',
  'cost.compare.cached_input': '{ input: 3.00, output: 15.00, cached_input: 0.30 }',

  export: 'export: { traces: { url: http://127.0.0.1:6006 } }',
  'export.traces': 'traces: { url: http://127.0.0.1:6006 }',
  'export.traces.url': 'url: http://192.168.1.50:3000/api/public/otel',
  'export.traces.location': 'location: house',
  'export.traces.user': '{ user: pk-lf-house, key: "${TOWER_KEY}" }',
  'export.traces.key': 'key: ${TOWER_KEY}',
  'export.traces.text': 'text: true',

  'upstreams.<name>.kind': 'kind: vllm',
  'upstreams.<name>.url': 'url: http://192.168.1.20:8000',
  'upstreams.<name>.location': 'location: house',
  'upstreams.<name>.key': 'key: ${TOWER_KEY}',
  'upstreams.<name>.slots': 'slots: 8',
  'upstreams.<name>.clocks': 'clocks: { first_token: 60s }',
  'upstreams.<name>.clocks.connect': 'connect: 500ms',
  'upstreams.<name>.clocks.load': 'load: 10m',
  'upstreams.<name>.clocks.first_token': 'first_token: 60s',
  'upstreams.<name>.clocks.idle': 'idle: 45s',
  'upstreams.<name>.clocks.reply': 'reply: 20m',
  'upstreams.<name>.clocks.total': 'total: 1h',
  'upstreams.<name>.assemble': 'assemble: true',
  'upstreams.<name>.recover': 'recover: { command: [ssh, tower, sudo, systemctl, restart, vllm] }',
  'upstreams.<name>.recover.command': 'command: [wakeonlan, "00:11:22:33:44:55"]',
  'upstreams.<name>.watts': 'watts: 450',
  'upstreams.<name>.warm': 'warm: 2',
  'upstreams.<name>.budget': 'budget: 20/month',
  'upstreams.<name>.models': 'models: { gemma-3-12b: { context: 32k, input: [text, image] } }',
  'upstreams.<name>.models.<name>.serves': 'serves: chat',
  'upstreams.<name>.models.<name>.context': 'context: 32k',
  'upstreams.<name>.models.<name>.input': 'input: [text, image]',
  'upstreams.<name>.models.<name>.tools': 'tools: true',
  'upstreams.<name>.models.<name>.reasoning': 'reasoning: true',
  'upstreams.<name>.models.<name>.slots': 'slots: 1',
  'upstreams.<name>.models.<name>.price': 'price: { input: 0.80, output: 4.00 }',
  'upstreams.<name>.models.<name>.price.input': '{ input: 0.80, output: 4.00 }',
  'upstreams.<name>.models.<name>.price.output': '{ input: 0.80, output: 4.00 }',
  'upstreams.<name>.models.<name>.price.cached_input': '{ input: 0.80, output: 4.00, cached_input: 0.08 }',
  'upstreams.<name>.models.<name>.pinned': 'pinned: true',

  'routes.<name>.target': 'target: tower',
  'routes.<name>.spill': 'spill: [studio]',
  'routes.<name>.failover': 'failover: [studio, away]',
  'routes.<name>.cache': 'cache: 10m',
  'routes.<name>.require': 'require: [tools]',

  'classify.<name>.route': 'route: code',
  'classify.<name>.words': 'words: [refactor, pytest, stack trace]',
  'classify.<name>.image': 'image: true',
  'classify.<name>.above': 'above: { 24k: chat }',

  'profiles.<name>.tier': 'tier: local-first',
  'profiles.<name>.routes': 'routes: [chat, code]',
  'profiles.<name>.wait': 'wait: 5s',
  'profiles.<name>.fallback': 'fallback: never',
  'profiles.<name>.exhausted': 'exhausted: { queue: 30m }',
  'profiles.<name>.exhausted.queue': 'queue: 30m',
  'profiles.<name>.exhausted.reply': 'reply: { verdict: escalate, synthetic: true }',
  'profiles.<name>.reasoning': 'reasoning: hold',
  'profiles.<name>.head_after': 'head_after: 5s',
  'profiles.<name>.commit': 'commit: end',
  'profiles.<name>.budget': 'budget: 5/day',
  'profiles.<name>.capture': 'capture: hash',

  'guarantees[].name': '{ name: nothing leaves, never: cloud }',
  'guarantees[].when': '{ name: cameras stay home, when: { profile: cameras }, never: cloud }',
  'guarantees[].when.profile': 'profile: cameras',
  'guarantees[].when.tier': 'tier: sovereign',
  'guarantees[].when.route': 'route: code',
  'guarantees[].only': '{ name: code is written here, when: { route: code }, only: [tower, studio] }',
  'guarantees[].never': '{ name: nothing leaves, never: cloud }',
};
