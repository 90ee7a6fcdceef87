import type { Buffer } from 'node:buffer';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const colon = 0x3a;
/** The longest known field name, `event` and `retry`. */
const fieldCharsMax = 5;

/** What the lines of one server-sent event say. */
export interface SseFields {
  /** The `data` lines joined by line feeds; null if there is none. */
  readonly data: string | null;
  /** The `event` name, or empty. */
  readonly name: string;
  /** Has a line that is no comment and no known field, such as a piece of an HTML page. */
  readonly junk: boolean;
  readonly endsInComment: boolean;
}

/** Reads the lines of one whole event. `first`: the event opens the stream, where a byte order mark is skipped. */
export function readFields(raw: Buffer, first: boolean): SseFields {
  let data: string | null = null;
  let name = '';
  let junk = false;
  let endsInComment = false;
  let position = first && raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? 3 : 0;
  const bareFeeds = !raw.includes(carriageReturn);
  while (position < raw.length) {
    const end = lineEndFrom(raw, position, bareFeeds);
    if (end > position) {
      endsInComment = raw[position] === colon;
      if (!endsInComment) {
        const fieldEnd = fieldEndFrom(raw, position, end);
        const value = fieldEnd === end ? '' : raw.toString('utf8', raw[fieldEnd + 1] === space ? fieldEnd + 2 : fieldEnd + 1, end);
        const field = fieldEnd - position > fieldCharsMax ? '' : raw.toString('latin1', position, fieldEnd);
        if (field === 'data') data = data === null ? value : `${data}\n${value}`;
        else if (field === 'event') name = value;
        else if (field !== 'id' && field !== 'retry') junk = true;
      }
    }
    // CRLF needs no care here: the LF reads as one more empty line.
    position = end + 1;
  }
  return { data, name, junk, endsInComment };
}

function lineEndFrom(raw: Buffer, position: number, bareFeeds: boolean): number {
  if (bareFeeds) {
    const end = raw.indexOf(lineFeed, position);
    return end === -1 ? raw.length : end;
  }
  for (let index = position; index < raw.length; index += 1) {
    if (raw[index] === lineFeed || raw[index] === carriageReturn) return index;
  }
  return raw.length;
}

/** Where the colon after the field's name is, or the line's end. Looks no further than a known name could reach. */
function fieldEndFrom(raw: Buffer, position: number, end: number): number {
  const last = Math.min(end, position + fieldCharsMax + 1);
  for (let index = position; index < last; index += 1) {
    if (raw[index] === colon) return index;
  }
  return last === end ? end : position + fieldCharsMax + 1;
}
