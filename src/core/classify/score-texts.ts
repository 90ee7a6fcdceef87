import type { Bucket } from '../policy/policy.ts';
import type { BucketScore } from '../request/facts.ts';
import { containsWord, normaliseText } from './words.ts';

/** User messages with text that are looked at, the newest included. */
const messagesMax = 9;

/**
 * Scores the buckets over a conversation: the newest user message that scores anything decides; one that scores nothing ("ok, go
 * on") gives way to the one before it, at most eight back.
 *
 * @param userTexts text of user messages, newest first
 * @param injected names of tags whose blocks clients put into user messages; they are taken out first
 * @returns one entry per bucket that scored, in file order; empty if nothing did
 */
export function scoreTexts(userTexts: readonly string[], buckets: readonly Bucket[], injected: readonly string[]): readonly BucketScore[] {
  let read = 0;
  for (const text of userTexts) {
    const own = normaliseText(withoutInjected(text, injected));
    if (own === '') continue;
    const scores = scoreText(own, buckets);
    if (scores.length > 0) return scores;
    if (++read === messagesMax) break;
  }
  return [];
}

/** Words of each bucket that occur in one normalised text. Overlaps all count; a word counts once. */
function scoreText(text: string, buckets: readonly Bucket[]): readonly BucketScore[] {
  const scores: BucketScore[] = [];
  for (const bucket of buckets) {
    const words = bucket.words.filter((word) => containsWord(text, word));
    if (words.length > 0) scores.push({ bucket: bucket.name, words });
  }
  return scores;
}

/**
 * Takes the blocks out that clients wrap in tags of their own (`<system-reminder>…</system-reminder>`). A block that is never closed
 * runs to the end of the text: what follows it was not written by the person.
 */
export function withoutInjected(text: string, tags: readonly string[]): string {
  let rest = text;
  for (const tag of tags) {
    const open = `<${tag}`;
    let from = 0;
    for (let start = rest.indexOf(open, from); start >= 0; start = rest.indexOf(open, from)) {
      const after = rest.charAt(start + open.length);
      if (after !== '>' && after !== '/' && !/\s/u.test(after)) {
        from = start + open.length;
        continue;
      }
      const close = rest.indexOf(`</${tag}>`, start);
      const end = close < 0 ? rest.length : close + tag.length + 3;
      rest = `${rest.slice(0, start)}\n${rest.slice(end)}`;
      from = start;
    }
  }
  return rest;
}
