import type { Target } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';

/** What a target is missing for a request. */
export type Lack = 'service' | 'image' | 'audio' | 'video' | 'tools' | 'choices' | 'context';

/** Output reckoned with where the caller did not say how much it wants. */
export const outputTokensDefault = 1_000;

/** Tokens of window a request needs: the prompt, and on surfaces that generate text the output asked for. */
export function tokensNeeded(facts: Facts): number {
  return facts.promptTokens + (facts.service === 'chat' ? (facts.outputTokens ?? outputTokensDefault) : 0);
}

/** What a target lacks for a request; empty if it fits. An ability that is not written is absent. */
export function lacksOf(target: Target, facts: Facts): readonly Lack[] {
  const lacks: Lack[] = [];
  if (target.serves !== facts.service) lacks.push('service');
  for (const modality of facts.input) if (!target.input.includes(modality)) lacks.push(modality);
  if (facts.tools && !target.tools) lacks.push('tools');
  if (target.oneChoice === true && facts.choices !== undefined) lacks.push('choices');
  if (target.context !== null && tokensNeeded(facts) > target.context) lacks.push('context');
  return lacks;
}
