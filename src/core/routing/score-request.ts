import { scoreTexts } from '#core/classify/score-texts.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { bucketsTakingPart, isClassified } from './decide.ts';

/**
 * Completes the facts of a request with how its text scored: over the buckets that take part for this caller, so that a message which
 * speaks only of what the caller may not use gives way to the one before it. Empty where words do not decide.
 *
 * @param userTexts text of user messages, newest first, injected blocks still in it
 */
export function withScores(facts: Omit<Facts, 'scores'>, userTexts: readonly string[], tables: PolicyTables): Facts {
  if (!isClassified(facts, tables)) return { ...facts, scores: [] };
  return {
    ...facts,
    scores: scoreTexts(userTexts, bucketsTakingPart(facts, tables), { matcher: tables.words, injected: tables.policy.injected }),
  };
}
