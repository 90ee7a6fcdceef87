import type { Dialect } from '#core/reply/event.ts';

import { anthropicMessages } from './anthropic-messages.ts';
import { ollamaChat } from './ollama-chat.ts';
import { ollamaEmbed } from './ollama-embed.ts';
import { openaiChat } from './openai-chat.ts';
import { openaiEmbeddings } from './openai-embeddings.ts';
import { openaiResponses } from './openai-responses.ts';

/** Every dialect a reply can be read in. A new one is its file and a line here. */
export const dialects: readonly Dialect[] = [openaiChat, openaiResponses, anthropicMessages, ollamaChat, openaiEmbeddings, ollamaEmbed];

/** The dialect of that name, if there is one. */
export function dialectNamed(name: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.name === name);
}
