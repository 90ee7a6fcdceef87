import type { PolicyFile } from '#config/schema.ts';
import type { DemoMachineSpec } from '#upstreams/scripted/demo-machine.ts';

/** The machines of the demo house: each says its name and answers at a believable pace. */
export const demoMachineSpecs: readonly DemoMachineSpec[] = [
  {
    name: 'ubuntu-4090',
    models: [{ name: 'qwen2.5-vl-7b-router-awq', context: 32_000, input: ['text', 'image'] }],
    slots: 8,
    firstTokenMs: 60,
    tokensPerSecond: 90,
  },
  { name: 'ubuntu-6000', models: [{ name: 'glm-4.5-air-awq', context: 128_000 }], slots: 4, firstTokenMs: 120, tokensPerSecond: 60 },
  {
    name: 'spark',
    models: [{ name: 'qwen3.6-35b-a3b-fp8', context: 128_000, input: ['text', 'image'] }],
    slots: 6,
    firstTokenMs: 250,
    tokensPerSecond: 40,
  },
  { name: 'win-5090', models: [{ name: 'gemma-4-31b', context: 32_000 }], slots: 3, firstTokenMs: 90, tokensPerSecond: 70 },
];

/** The policy of the demo house: four machines with one job each, and what may stand in for whom. */
export function demoPolicy(urls: ReadonlyMap<string, string>, options: { readonly listen: readonly string[] }): PolicyFile {
  const machine = (name: string): { kind: string; url: string } => ({ kind: 'scripted', url: urls.get(name) ?? '' });
  return {
    version: 1,
    house: 'homelab',
    listen: [...options.listen],
    upstreams: {
      'ubuntu-4090': {
        ...machine('ubuntu-4090'),
        slots: 8,
        models: { 'qwen2.5-vl-7b-router-awq': { context: '32k', input: ['text', 'image'] } },
      },
      'ubuntu-6000': { ...machine('ubuntu-6000'), slots: 4, models: { 'glm-4.5-air-awq': { context: '128k', tools: true } } },
      spark: {
        ...machine('spark'),
        slots: 6,
        models: { 'qwen3.6-35b-a3b-fp8': { context: '128k', input: ['text', 'image'], tools: true, reasoning: true } },
      },
      'win-5090': { ...machine('win-5090'), slots: 3, models: { 'gemma-4-31b': { context: '32k', tools: true } } },
    },
    routes: {
      vision: { target: 'ubuntu-4090', spill: ['win-5090'], failover: ['spark'] },
      fast: 'vision',
      code: { target: 'ubuntu-6000', spill: ['win-5090'], failover: ['spark'] },
      chat: { target: 'win-5090', failover: ['spark'] },
      reasoning: { target: 'spark' },
      camera: { target: 'ubuntu-4090', failover: ['spark'] },
    },
    classify: {
      vision: { route: 'vision', words: ['screenshot', 'ring', 'frigate', 'motion'], image: true },
      coding: { route: 'code', words: ['refactor', 'implement', 'code', 'fastapi', 'pytest'] },
      reasoning: { route: 'reasoning', words: ['architecture', 'trade-off', 'review', 'risk', 'plan', 'security'] },
      fast: { route: 'fast', words: ['classify', 'json', 'tags', 'label'], above: { '8k': 'code', '24k': 'reasoning' } },
      chat: { route: 'chat', words: ['what is', 'how do I', 'opinion'], above: { '24k': 'reasoning' } },
      unknown: { route: 'reasoning' },
    },
    profiles: {
      personal: { tier: 'local-first', wait: '5s' },
      private: { tier: 'sovereign', exhausted: { queue: '30m' } },
      client: { tier: 'sovereign', fallback: 'never' },
      cameras: { tier: 'sovereign', routes: ['camera'], exhausted: { reply: { verdict: 'escalate', synthetic: true } } },
    },
    guarantees: [
      { name: 'private stays home', when: { profile: 'private' }, never: 'cloud' },
      { name: 'the senior never falls back', when: { route: 'reasoning' }, only: 'spark' },
      { name: 'gemma judges no camera', when: { profile: 'cameras' }, never: 'win-5090' },
    ],
  };
}
