import type { Surface } from './kind.ts';
import { openaiChatSurface } from './openai-chat/openai-chat.ts';
import { openaiEmbeddingsSurface } from './openai-embeddings/openai-embeddings.ts';

/** Every API that clients may speak. A new one is its folder and its line here. */
export const surfaces: readonly Surface[] = [openaiChatSurface, openaiEmbeddingsSurface];
