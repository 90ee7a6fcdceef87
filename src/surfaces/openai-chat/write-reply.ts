import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { SyntheticReply } from '#surfaces/kind.ts';
import { openaiErrorBody } from '#surfaces/openai-error-body.ts';

export const keepAliveEvent = ': keep-alive\n\n';
export const terminatorEvent = 'data: [DONE]\n\n';

/** The error envelope as the last event of a broken stream: the official clients throw on it. */
export function chatErrorEvent(error: GatewayError, requestId: string): string {
  return `data: ${openaiErrorBody(error, requestId)}\n\n`;
}

/** A finished answer of the gatehouse's own, spelled like a model's. */
export function syntheticChatReply(reply: SyntheticReply): string {
  const created = Math.floor(reply.createdAt / 1000);
  const id = `chatcmpl-${reply.id}`;
  if (!reply.stream) {
    const message = { role: 'assistant', content: reply.text, refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    return JSON.stringify({ id, object: 'chat.completion', created, model: reply.model, choices, usage });
  }
  const chunk = (delta: object, finish: 'stop' | null): string => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    return `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model: reply.model, choices })}\n\n`;
  };
  return chunk({ role: 'assistant', content: '' }, null) + chunk({ content: reply.text }, null) + chunk({}, 'stop') + terminatorEvent;
}
