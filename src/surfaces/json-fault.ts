const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literalPattern = /true|false|null/y;
const spacePattern = /[ \t\n\r]*/y;

const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end';

/**
 * Where a text stops being JSON (RFC 8259): the offset of the first character that does not fit, or its length if it ends too early or
 * does not stop being JSON. The engine's own messages quote the text, which is the caller's and belongs in no error; so this is asked
 * after `JSON.parse` has refused it.
 */
export function jsonFaultOffset(text: string): number {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = skip(spacePattern, text, 0);
  while (at < text.length) {
    const sign = text.charAt(at);
    let next = at + 1;
    if (expected === 'colon') {
      if (sign !== ':') return at;
      expected = 'value';
    } else if (expected === 'comma or end') {
      const inside = open.at(-1);
      if (sign === ',' && inside !== undefined) expected = inside === '{' ? 'key' : 'value';
      else if ((sign === '}' && inside === '{') || (sign === ']' && inside === '[')) open.pop();
      else return at;
    } else if ((expected === 'key or }' && sign === '}') || (expected === 'value or ]' && sign === ']')) {
      open.pop();
      expected = 'comma or end';
    } else if (expected === 'key' || expected === 'key or }') {
      if (sign !== '"') return at;
      const string = stringFrom(text, at);
      if (!string.whole) return string.end;
      next = string.end;
      expected = 'colon';
    } else if (sign === '{' || sign === '[') {
      open.push(sign);
      expected = sign === '{' ? 'key or }' : 'value or ]';
    } else {
      const scalar = scalarFrom(text, at);
      if (!scalar.whole) return scalar.end;
      next = scalar.end;
      expected = 'comma or end';
    }
    at = skip(spacePattern, text, next);
  }
  return text.length;
}

/** `end`: behind the value, or the first character in it that does not fit. */
interface Piece {
  readonly whole: boolean;
  readonly end: number;
}

function scalarFrom(text: string, start: number): Piece {
  if (text.charAt(start) === '"') return stringFrom(text, start);
  const end = Math.max(skip(numberPattern, text, start), skip(literalPattern, text, start));
  return { whole: end > start, end };
}

function stringFrom(text: string, start: number): Piece {
  const { length } = text;
  for (let at = start + 1; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return { whole: true, end: at + 1 };
    if (code < space) return { whole: false, end: at };
    if (code !== backslash) continue;
    at += 1;
    const sign = text.charAt(at);
    if (sign === 'u') {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return { whole: false, end: Math.min(at, length) };
      at += 4;
    } else if (sign === '' || !'"\\/bfnrt'.includes(sign)) return { whole: false, end: Math.min(at, length) };
  }
  return { whole: false, end: length };
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}
