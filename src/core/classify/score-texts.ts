import type { Bucket } from '#core/policy/policy.ts';
import type { BucketScore } from '#core/request/facts.ts';
import type { WordMatcher } from './word-matcher.ts';

/** User messages with text that are looked at, the newest included. */
const messagesMax = 9;
/** Characters that are looked at, all messages together: more than any window holds, and soon read. */
const charactersMax = 1_000_000;

/**
 * Scores the buckets over a conversation: the newest user message that scores anything decides; one that scores nothing ("ok, go
 * on") gives way to the one before it, at most eight back. Of very long ones only the first million characters are read.
 *
 * @param userTexts text of user messages, newest first
 * @param matcher finds the buckets' words
 * @param injected names of tags whose blocks clients put into user messages; they are taken out first
 * @returns one entry per bucket that scored, in file order; empty if nothing did
 */
export function scoreTexts(
  userTexts: readonly string[],
  buckets: readonly Bucket[],
  { matcher, injected }: { readonly matcher: WordMatcher; readonly injected: readonly string[] },
): readonly BucketScore[] {
  let read = 0;
  let left = charactersMax;
  for (const text of userTexts) {
    const own = withoutInjected(text, injected).slice(0, left);
    if (!/\S/u.test(own)) continue;
    left -= own.length;
    const scores = scoreText(matcher.find(composed(own).toLowerCase()), buckets);
    if (scores.length > 0) return scores;
    if (++read === messagesMax || left === 0) break;
  }
  return [];
}

/** No character below U+0300 is composed of others or takes part in it: a text of those alone is what it would be normalised to. */
const mayCompose = /[\u0300-\uffff]/;

/** The text in the Unicode form in which words are looked for (NFC). Most texts already have it, and seeing that is cheaper than making it. */
function composed(text: string): string {
  return mayCompose.test(text) ? text.normalize('NFC') : text;
}

/** Words of each bucket that were found. Overlaps all count; a word counts once. */
function scoreText(found: ReadonlySet<string>, buckets: readonly Bucket[]): readonly BucketScore[] {
  const scores: BucketScore[] = [];
  for (const bucket of buckets) {
    const words = bucket.words.filter((word) => found.has(word));
    if (words.length > 0) scores.push({ bucket: bucket.name, words });
  }
  return scores;
}

/**
 * Takes the blocks out that clients wrap in tags of their own (`<system-reminder>…</system-reminder>`). A block that is never closed
 * runs to the end of the text: what follows it was not written by the person.
 */
export function withoutInjected(text: string, tags: readonly string[]): string {
  return tags.reduce(withoutBlocks, text);
}

/** One pass: a text full of blocks costs no more than its length. */
function withoutBlocks(text: string, tag: string): string {
  const open = `<${tag}`;
  const close = `</${tag}>`;
  const kept: string[] = [];
  let keptTo = 0;
  let start = text.indexOf(open);
  while (start >= 0) {
    const after = text.charAt(start + open.length);
    if (after !== '>' && after !== '/' && !/\s/u.test(after)) {
      start = text.indexOf(open, start + open.length);
      continue;
    }
    kept.push(text.slice(keptTo, start));
    const closeAt = text.indexOf(close, start);
    keptTo = closeAt < 0 ? text.length : closeAt + close.length;
    start = text.indexOf(open, keptTo);
  }
  return keptTo === 0 ? text : [...kept, text.slice(keptTo)].join('\n');
}
