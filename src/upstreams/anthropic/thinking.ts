import type { Json } from '#core/policy/policy.ts';
import type { ChatRequest } from '#core/request/chat-request.ts';
import type { UpstreamCall } from '#upstreams/kind.ts';

/** How a model is told to think. */
export interface Thinking {
  readonly fields: Readonly<Record<string, Json>>;
  /** Tokens of the output that are for thinking; 0 where the model decides. */
  readonly budgetTokens: number;
}

/** The last models that take a budget; all after them take an effort, and refuse a budget. */
const takesBudget = /claude-(?:[23]|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|-latest)?$)/i;
const budgetTokensMin = 1024;
/** Tokens by the caller's word; words beyond these mean more. */
const budgets: ReadonlyMap<string, number> = new Map([
  ['minimal', 1024],
  ['low', 2048],
  ['medium', 8192],
  ['high', 16_384],
]);
const largestBudget = 32_000;
const efforts: ReadonlyMap<string, string> = new Map([
  ['minimal', 'low'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
]);

/**
 * Thinking as the caller asked for it; null for none, which is also what this API does where nothing is said. It cannot think while a
 * call is forced, nor in the middle of a turn with tools: that wants its earlier thoughts back, signed, and no chat holds signatures.
 */
export function thinkingOf(call: UpstreamCall, chat: ChatRequest, changes: string[]): Thinking | null {
  const { effort } = chat;
  if (effort === null || effort === 'none') return null;
  const why = hindrance(call, chat);
  if (why !== null) {
    changes.push(`reasoning_effort not carried: ${why}`);
    return null;
  }
  if (!takesBudget.test(call.model)) {
    const fields = { thinking: { type: 'adaptive' }, output_config: { effort: efforts.get(effort) ?? 'max' } };
    return { fields, budgetTokens: 0 };
  }
  const wanted = budgets.get(effort) ?? largestBudget;
  // The budget is within the output asked for, and an answer has to fit behind it.
  const room = chat.outputTokens ?? call.outputTokensMax ?? Number.MAX_SAFE_INTEGER;
  const budgetTokens = Math.min(wanted, Math.floor(room / 2));
  if (budgetTokens < budgetTokensMin) {
    changes.push('reasoning_effort not carried: the output asked for has no room for it');
    return null;
  }
  changes.push(`thinking set: ${budgetTokens} tokens`);
  return { fields: { thinking: { type: 'enabled', budget_tokens: budgetTokens } }, budgetTokens };
}

function hindrance(call: UpstreamCall, chat: ChatRequest): string | null {
  if (!call.modelPolicy.reasoning) return 'the policy gives this model no reasoning';
  const { toolChoice } = chat;
  if (toolChoice !== null && toolChoice !== 'auto' && toolChoice !== 'none') return 'it does not go with a forced call';
  const lastUser = chat.messages.findLastIndex((message) => message.role === 'user');
  const midTurn = chat.messages.slice(lastUser + 1).some((message) => message.role === 'assistant' && message.calls.length > 0);
  return midTurn ? 'the thoughts before the calls of this turn cannot be sent back' : null;
}
