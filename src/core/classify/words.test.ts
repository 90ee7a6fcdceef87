import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileWords } from './word-matcher.ts';
import { normaliseText } from './words.ts';

const cases: readonly [text: string, word: string, found: boolean, why: string][] = [
  ['please refactor this', 'refactor', true, 'a word between spaces'],
  ['refactor', 'refactor', true, 'the whole text'],
  ['REFACTOR!', 'Refactor', true, 'case, punctuation'],
  ['refactoring', 'refactor', false, 'a letter after it'],
  ['prefactor', 'factor', false, 'a letter before it'],
  ['json2', 'json', false, 'a digit after it'],
  ['my_json', 'json', false, 'an underscore before it'],
  ['json_file', 'json', false, 'an underscore after it'],
  ['json-file', 'json', true, 'a hyphen is no letter'],
  ['"json"', 'json', true, 'quotes'],
  ['ein risikö', 'risik', false, 'a letter outside ASCII after it'],
  ['a caf\u0065\u0301 here', 'caf\u00e9', true, 'NFC of the text'],
  ['a caf\u00e9 here', 'caf\u0065\u0301', true, 'NFC of the word'],
  ['what\n\t is  it', 'what is', true, 'runs of white space are one space'],
  ['what\u00a0is it', 'what is', true, 'a no-break space is white space'],
  ['somewhat is', 'what is', false, 'a phrase has boundaries too'],
  ['what issue', 'what is', false, 'a phrase has boundaries at its end'],
  ['what, is it', 'what is', false, 'a phrase is one word, punctuation and all'],
  ['c++ or c', 'c++', true, 'an edge that is no letter asks no boundary'],
  ['c++17', 'c++', true, 'nor if a digit follows it'],
  ['objc++', 'c++', false, 'its other edge does'],
  ['in c# today', 'c#', true, 'C sharp'],
  ['use .net here', '.net', true, 'a word that starts with a dot'],
  ['asp.net', '.net', true, 'and is not bounded there'],
  ['.network', '.net', false, 'but at its end'],
  ['__init', '_init', true, 'an underscore at the edge of the word is neither letter nor digit'],
  ['trade-off', 'trade-off', true, 'a hyphen inside'],
  ['请重构代码', '代码', true, 'Han is written without spaces'],
  ['コードを書く', 'コード', true, 'Katakana too'],
  ['ช่วยแปลให้หน่อย', 'แปล', true, 'Thai too'],
  ['코드를 리뷰', '코드', false, 'Hangul puts spaces between words'],
  ['코드 리뷰', '코드', true, 'and is found between them'],
  ['kodas kod', 'kod', true, 'a later occurrence counts when the first is bounded'],
  ['a𝒜json', 'json', false, 'a letter beyond the first plane before it'],
  ['json𝒜', 'json', false, 'and after it'],
  ['😀json😀', 'json', true, 'a picture is no letter'],
  ['anything', '', false, 'the empty word is nowhere'],
  ['', 'json', false, 'nothing is in the empty text'],
];

for (const [text, word, found, why] of cases) {
  test(`${JSON.stringify(word)} is ${found ? '' : 'not '}in ${JSON.stringify(text)}: ${why}`, () => {
    assert.equal(compileWords([normaliseText(word)]).find(normaliseText(text)).size > 0, found);
  });
}

test('normalising twice changes nothing', () => {
  for (const [text] of cases) assert.equal(normaliseText(normaliseText(text)), normaliseText(text));
});
