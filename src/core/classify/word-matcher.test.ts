import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileWords } from './word-matcher.ts';
import { normaliseText, touchesWord } from './words.ts';

/** The plain reading of the rule, word by word. */
function plainly(text: string, words: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const word of words) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (!touchesWord(text, { word, start: at, end: at + word.length })) found.add(word);
    }
  }
  return found;
}

test('one pass finds what a search for each word finds', () => {
  const letters = fc.constantFrom('a', 'b', 'A', ' ', '\n', '\u00a0', '_', '1', '-', '語', 'é', 'e\u0301', '😀', '.');
  const words = fc.array(fc.string({ unit: letters, minLength: 1, maxLength: 5 }), { maxLength: 12 });
  fc.assert(
    fc.property(words, fc.string({ unit: letters, maxLength: 80 }), (raw, text) => {
      const all = [...new Set(raw.map(normaliseText))].filter((word) => word !== '');
      const lower = text.normalize('NFC').toLowerCase();
      assert.deepEqual([...compileWords(all).find(lower)].toSorted(), [...plainly(normaliseText(text), all)].toSorted());
    }),
    { numRuns: 2_000 },
  );
});

test('a phrase matches over any run of white space', () => {
  const matcher = compileWords(['how do i', 'do']);
  assert.deepEqual([...matcher.find('so, how \n\t do\u00a0i?')].toSorted(), ['do', 'how do i']);
});
