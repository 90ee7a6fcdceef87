/** A large house: twelve machines, two of them clouds, eight routes that lean on each other, and profiles of every tier. */
export function twelveUpstreams(): string {
  const machines = Array.from({ length: 10 }, (_, index) => `m${index}`);
  const next = (index: number, by: number): string => `m${(index + by) % machines.length}`;
  return `
version: 1
house: large
upstreams:
${machines.map((name, index) => `  ${name}: { kind: vllm, url: http://10.0.0.${index + 10}:8000, slots: ${1 + (index % 4)}, models: { ${name}: { context: ${index % 2 === 0 ? '32k' : '128k'}, tools: true, input: [text, image] } } }`).join('\n')}
  east: { kind: openai, url: https://east.example.com, location: cloud, key: "\${CLOUD_KEY}", models: { east: { context: 200k, tools: true, input: [text, image] } } }
  west: { kind: openai, url: https://west.example.com, location: cloud, key: "\${CLOUD_KEY}", models: { west: { context: 200k, tools: true, input: [text, image] } } }
routes:
${Array.from({ length: 8 }, (_, index) => `  r${index}: { target: m${index}, spill: [${next(index, 1)}, ${next(index, 2)}], failover: [${next(index, 3)}, ${next(index, 4)}, east, west] }`).join('\n')}
classify:
  images: { route: r1, words: [photo, camera], image: true }
  coding: { route: r2, words: [refactor, implement] }
  other: { route: r0, above: { 24k: r3 } }
profiles:
  personal: { tier: local-first, wait: 5s }
  private: { tier: sovereign, exhausted: { queue: 30m } }
  strict: { tier: sovereign, fallback: never }
  cloud: { tier: cloud-explicit }
guarantees:
  - { name: private stays home, when: { profile: private }, never: cloud }
  - { name: strict stays home, when: { profile: strict }, never: cloud }
`;
}
