/** Offsets of one top-level member of a JSON object: of its key's opening quote, and of its value. Ends are exclusive. */
export interface Span {
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Bounds on a JSON text, counted before anybody builds its values. */
export interface JsonBounds {
  readonly depthMax: number;
  /** Keys at every depth. */
  readonly keysMax: number;
  /** Values at every depth: texts, numbers, literals, arrays, objects. */
  readonly valuesMax: number;
}

/** What one pass over the text of a JSON object finds. */
export interface JsonMembers {
  readonly spans: ReadonlyMap<string, Span>;
  /** The first top-level key that stands there twice; null if none does. */
  readonly repeated: string | null;
  /** The bound that the text goes beyond; the pass ended there. Null if it keeps them all. */
  readonly exceeded: keyof JsonBounds | null;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;
const comma = 0x2c;
/** Short runs are walked, long ones jumped over. */
const stride = 32;
const signs = /["{}[\],:]/g;

const unbounded: JsonBounds = {
  depthMax: Number.POSITIVE_INFINITY,
  keysMax: Number.POSITIVE_INFINITY,
  valuesMax: Number.POSITIVE_INFINITY,
};

/**
 * Finds the top-level members of a JSON object in its text, so that a value can be replaced in place and every other byte stays, and
 * counts what building its values would cost. It trusts nothing and may run before the text is parsed; what it finds means something
 * only if the text is valid JSON with an object on top.
 */
export function findJsonMembers(text: string, bounds: JsonBounds = unbounded): JsonMembers {
  const { depthMax, keysMax, valuesMax } = bounds;
  const members = new Members(text);
  const { length } = text;
  let depth = 0;
  let keys = 0;
  let values = 0;
  let stringStart = -1;
  let stringEnd = -1;
  /** Characters in a row that mean nothing here: white space, digits, letters. */
  let plain = 0;
  for (let at = 0; at < length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        stringStart = at;
        at = endOfString(text, at);
        stringEnd = at + 1;
        break;
      case openBrace:
      case openBracket:
        if (++depth > depthMax) return members.found('depthMax');
        if (++values > valuesMax) return members.found('valuesMax');
        break;
      case closeBrace:
      case closeBracket:
        if (--depth === 0) members.finish(at);
        break;
      case colon:
        if (++keys > keysMax) return members.found('keysMax');
        if (depth === 1) members.begin(stringStart, stringEnd, at);
        break;
      case comma:
        if (++values > valuesMax) return members.found('valuesMax');
        if (depth === 1) members.finish(at);
        break;
      default:
        if (++plain === stride) {
          at = nextSign(text, at + 1) - 1;
          plain = 0;
        }
        continue;
    }
    plain = 0;
  }
  return members.found(null);
}

/** The members on top, while they are being found. */
class Members {
  readonly #text: string;
  readonly #spans = new Map<string, Span>();
  #repeated: string | null = null;
  #key = '';
  #keyStart = -1;
  #valueStart = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** At the colon behind a key. */
  begin(keyStart: number, keyEnd: number, colonAt: number): void {
    this.#keyStart = keyStart;
    this.#key = keyText(this.#text.slice(keyStart, keyEnd));
    this.#valueStart = skipSpace(this.#text, colonAt + 1);
  }

  /** At the comma or brace behind a value. */
  finish(end: number): void {
    if (this.#valueStart < 0) return;
    if (this.#spans.has(this.#key)) this.#repeated ??= this.#key;
    const valueEnd = trimEnd(this.#text, this.#valueStart, end);
    this.#spans.set(this.#key, { keyStart: this.#keyStart, valueStart: this.#valueStart, valueEnd });
    this.#valueStart = -1;
  }

  found(exceeded: JsonMembers['exceeded']): JsonMembers {
    return { spans: this.#spans, repeated: this.#repeated, exceeded };
  }
}

/** Index of the next character that means something here; the text's length if none does. */
function nextSign(text: string, from: number): number {
  signs.lastIndex = from;
  return signs.test(text) ? signs.lastIndex - 1 : text.length;
}

/** Index of the closing quote of the string that opens at `start`; the text's length if it never closes. */
function endOfString(text: string, start: number): number {
  const { length } = text;
  let at = start + 1;
  for (;;) {
    // A text full of escapes would make a jump for each of them.
    for (const stop = Math.min(at + stride, length); at < stop; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) return at;
      if (code === backslash) at++;
    }
    if (at >= length) return length;
    const next = text.indexOf('"', at);
    if (next < 0) return length;
    let slashes = 0;
    while (next - 1 - slashes >= at && text.charCodeAt(next - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return next;
    at = next + 1;
  }
}

/** The key itself; escapes count, so that "mo\u0064el" and "model" are the same key. */
function keyText(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
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
