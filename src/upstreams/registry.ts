import { anthropic } from './anthropic/anthropic.ts';
import type { UpstreamKind } from './kind.ts';
import { ollama } from './ollama/ollama.ts';
import { openaiCompatibleKinds } from './openai-compatible/profiles.ts';
import { scripted } from './scripted/scripted.ts';

/** Every kind of model server. A new one is its file or table row and its line here. */
export const upstreamKinds: readonly UpstreamKind[] = [...openaiCompatibleKinds, ollama, anthropic, scripted];

/** The kind with that name in the policy's `kind:`. */
export function upstreamKindNamed(name: string): UpstreamKind | undefined {
  return upstreamKinds.find((kind) => kind.name === name);
}
