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
 * Whether a letter, digit or `_` touches a word where it stands in a text, so that it is part of something else. A boundary is asked
 * for only where the word's own edge is a letter or digit of a script that puts spaces between words.
 */
export function touchesWord(
  text: string,
  { word, start, end }: { readonly word: string; readonly start: number; readonly end: number },
): boolean {
  const before =
    start > 0 && needsBoundary(firstCharacter(word)) && wordCharacter.test(lastCharacter(text.slice(Math.max(0, start - 2), start)));
  return (
    before || (end < text.length && needsBoundary(lastCharacter(word)) && wordCharacter.test(firstCharacter(text.slice(end, end + 2))))
  );
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
