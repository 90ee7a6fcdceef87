/** Offsets of one top-level member of a JSON object: of its key's opening quote, and of its value. Ends are exclusive. */
export interface Span {
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** What one pass over the text of a JSON object finds. */
export interface JsonMembers {
  readonly spans: ReadonlyMap<string, Span>;
  /** The first top-level key that stands there twice; null if none does. */
  readonly repeated: string | null;
  readonly depthMax: number;
  /** Keys at every depth. */
  readonly keyCount: number;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;
const comma = 0x2c;

/**
 * Finds the top-level members of a JSON object in its text, so that a value can be replaced in place and every other byte stays.
 * The text must be valid JSON with an object on top (parse it first): this pass trusts that and only keeps count.
 */
export function findJsonMembers(text: string): JsonMembers {
  const spans = new Map<string, Span>();
  let repeated: string | null = null;
  let depth = 0;
  let depthMax = 0;
  let keyCount = 0;
  let keyStart = -1;
  let key = '';
  let valueStart = -1;
  let stringStart = -1;
  let stringEnd = -1;
  const finish = (end: number): void => {
    if (valueStart < 0) return;
    if (spans.has(key)) repeated ??= key;
    spans.set(key, { keyStart, valueStart, valueEnd: trimEnd(text, valueStart, end) });
    valueStart = -1;
  };
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      stringStart = at;
      at = endOfString(text, at);
      stringEnd = at + 1;
    } else if (code === openBrace || code === openBracket) {
      depth++;
      if (depth > depthMax) depthMax = depth;
    } else if (code === closeBrace || code === closeBracket) {
      depth--;
      if (depth === 0) finish(at);
    } else if (code === colon) {
      keyCount++;
      if (depth === 1) {
        keyStart = stringStart;
        key = keyText(text.slice(stringStart, stringEnd));
        valueStart = skipSpace(text, at + 1);
      }
    } else if (code === comma && depth === 1) {
      finish(at);
    }
  }
  return { spans, repeated, depthMax, keyCount };
}

/** Index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at >= 0) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return at;
    at = text.indexOf('"', at + 1);
  }
  return text.length;
}

/** The key itself; escapes count, so that "mo\u0064el" and "model" are the same key. */
function keyText(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function trimEnd(text: string, from: number, end: number): number {
  let at = end;
  while (at > from && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
