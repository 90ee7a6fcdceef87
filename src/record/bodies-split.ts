/** A request taken apart so that what it shares with others is kept once. */
export interface SplitRequest {
  /** The request with nothing between the brackets of its list of messages, besides the white space before the closing one. */
  readonly frame: Uint8Array;
  /** What stands between the commas of that list, white space included. */
  readonly messages: readonly Uint8Array[];
}

/** A longer list is kept as one text: its many rows would cost more than they share. */
const messagesMax = 4_096;
/** Short texts are walked, long ones jumped over. */
const stride = 32;

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const colon = 0x3a;

/**
 * Takes a request apart without writing any of it anew: the list is the value of its top-level member `messages`, or of `input` where it
 * has none, if that is a list of objects. Null where there is no such list. `joinRequest` gives back the same bytes, whatever they are.
 */
export function splitRequest(request: Uint8Array): SplitRequest | null {
  const open = findList(request);
  if (open === null) return null;
  const list = readList(request, open);
  if (list === null) return null;
  const frame = Buffer.concat([request.subarray(0, open + 1), request.subarray(list.end)]);
  // In bytes that are no JSON the list could be found elsewhere once it is empty.
  return findList(frame) === open ? { frame, messages: list.messages } : null;
}

/** The request that was taken apart; null if the frame has no list. */
export function joinRequest(frame: Uint8Array, messages: readonly Uint8Array[]): Uint8Array | null {
  if (messages.length === 0) return frame;
  const open = findList(frame);
  if (open === null) return null;
  const parts: Uint8Array[] = [frame.subarray(0, open + 1)];
  for (const [index, message] of messages.entries()) parts.push(...(index === 0 ? [message] : [commaBytes, message]));
  return Buffer.concat([...parts, frame.subarray(open + 1)]);
}

const commaBytes = Uint8Array.of(comma);

/** Where the bracket stands that opens the list of messages. */
function findList(bytes: Uint8Array): number | null {
  let input: number | null = null;
  let depth = 0;
  let name = '';
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case quote: {
        const end = endOfString(bytes, at);
        if (depth === 1) name = nameIn(bytes, at, end);
        at = end;
        break;
      }
      case openBrace:
      case openBracket:
        depth++;
        break;
      case closeBrace:
      case closeBracket:
        depth--;
        break;
      case colon:
        if (depth === 1 && name !== '') {
          const value = skipSpace(bytes, at + 1);
          const open = bytes[value] === openBracket ? value : null;
          if (name === 'messages') return open;
          input ??= open;
          name = '';
        }
        break;
      default:
    }
  }
  return input;
}

/** `messages` or `input` if the string is that, spelled without escapes; else empty. */
function nameIn(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start - 1;
  if (length !== 8 && length !== 5) return '';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start + 1, length).toString('latin1');
  return text === 'messages' || text === 'input' ? text : '';
}

/** The elements of the list that opens at `open`, and where the white space before its closing bracket begins. */
function readList(bytes: Uint8Array, open: number): { readonly messages: readonly Uint8Array[]; readonly end: number } | null {
  const messages: Uint8Array[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < bytes.length; at++) {
    switch (bytes[at]) {
      case quote:
        at = endOfString(bytes, at);
        break;
      case openBrace:
      case openBracket:
        depth++;
        break;
      case comma:
        if (depth !== 1) break;
        messages.push(bytes.subarray(start, at));
        start = at + 1;
        break;
      case closeBrace:
      case closeBracket:
        if (--depth > 0) break;
        return finishList(bytes, messages, { start, closeAt: at });
      default:
    }
  }
  return null;
}

function finishList(
  bytes: Uint8Array,
  messages: Uint8Array[],
  { start, closeAt }: { readonly start: number; readonly closeAt: number },
): { readonly messages: readonly Uint8Array[]; readonly end: number } | null {
  let end = closeAt;
  while (end > start && isSpace(bytes[end - 1])) end--;
  if (end > start) messages.push(bytes.subarray(start, end));
  else if (messages.length > 0) return null;
  if (messages.length > messagesMax) return null;
  return messages.every((message) => message[skipSpace(message, 0)] === openBrace)
    ? { messages, end: messages.length === 0 ? start : end }
    : null;
}

/** Index of the closing quote of the string that opens at `start`; the last index if it never closes. */
function endOfString(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  let at = start + 1;
  for (;;) {
    // A text full of escapes would make a jump for each of them.
    for (const stop = Math.min(at + stride, length); at < stop; at++) {
      const byte = bytes[at];
      if (byte === quote) return at;
      if (byte === backslash) at++;
    }
    if (at >= length) return length - 1;
    const next = bytes.indexOf(quote, at);
    if (next < 0) return length - 1;
    let slashes = 0;
    while (next - 1 - slashes >= at && bytes[next - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return next;
    at = next + 1;
  }
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
