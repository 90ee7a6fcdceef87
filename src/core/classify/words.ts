/**
 * The form in which words and texts are compared: NFC, lower case, every run of white space one space, none at the ends.
 */
export function normaliseText(text: string): string {
  return text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

const wordCharacter = /[\p{L}\p{Nd}_]/u;
const letterOrDigit = /[\p{L}\p{Nd}]/u;
/** Scripts that are written without spaces between words: there a boundary says nothing. */
const unspacedLetter =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * Whether `word` occurs in `text`, both normalised. No letter, digit or `_` may touch it on either side, but a boundary is asked for
 * only where the word's own edge is a letter or digit of a script that puts spaces between words.
 */
export function containsWord(text: string, word: string): boolean {
  if (word === '') return false;
  const startBound = needsBoundary(firstCharacter(word));
  const endBound = needsBoundary(lastCharacter(word));
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const startFree = !startBound || at === 0 || !wordCharacter.test(lastCharacter(text.slice(Math.max(0, at - 2), at)));
    const end = at + word.length;
    const endFree = !endBound || end === text.length || !wordCharacter.test(firstCharacter(text.slice(end, end + 2)));
    if (startFree && endFree) return true;
  }
  return false;
}

function needsBoundary(character: string): boolean {
  return letterOrDigit.test(character) && !unspacedLetter.test(character);
}

function firstCharacter(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0);
}

function lastCharacter(text: string): string {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xdc00 && unit <= 0xdfff ? text.slice(-2) : text.slice(-1);
}
