import { Buffer, isUtf8 } from 'node:buffer';
import { lineStartsOf, positionIn } from './policy-source.ts';
import type { PolicyProblem } from './problem.ts';

/** Far above any house's policy; what is larger is some other file. */
const bytesMax = 1_000_000;

/** Turns the bytes of a policy file into text, or says what they are instead. A UTF-8 byte order mark is dropped. */
export function decodePolicy(bytes: Uint8Array, file: string): string | PolicyProblem {
  const problem = (line: number, column: number, message: string): PolicyProblem => ({
    file,
    line,
    column,
    path: '',
    message,
    suggestion: null,
  });
  if (bytes.length > bytesMax) return problem(1, 1, `the file is larger than 1 MB (${bytes.length} bytes); a policy is not`);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return problem(1, 1, 'the file is UTF-16; save it as UTF-8');
  }
  if (!isUtf8(bytes)) {
    const valid = new TextDecoder().decode(bytes.subarray(0, validLength(bytes)));
    const { line, column } = positionIn(lineStartsOf(valid), valid.length);
    return problem(line, column, 'not UTF-8; save the file as UTF-8');
  }
  const text = new TextDecoder().decode(bytes);
  const control = controlIn(text);
  if (control >= 0) {
    const { line, column } = positionIn(lineStartsOf(text), control);
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0');
    return problem(line, column, `a control character (U+${code}); take it out`);
  }
  return text;
}

/** Where the first control character is that YAML does not allow; -1 if there is none. */
function controlIn(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7f || (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d)) return at;
  }
  return -1;
}

/** How many bytes at the start are whole UTF-8 characters: halving finds the first bad one, because a longer start is never better. */
function validLength(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (startsValid(buffer.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  while (good > 0 && !isUtf8(buffer.subarray(0, good))) good--;
  return good;
}

/** Whether the bytes are UTF-8 but for a character cut off at their end. */
function startsValid(bytes: Uint8Array): boolean {
  return [0, 1, 2, 3].some((cut) => cut <= bytes.length && isUtf8(bytes.subarray(0, bytes.length - cut)));
}
