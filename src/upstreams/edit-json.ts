import type { Span } from '#core/request/json-members.ts';

/** What to change in the top level of a JSON object. New members come last. */
export interface JsonEdits {
  /** Values as JSON text. */
  readonly set: ReadonlyMap<string, string>;
  readonly drop: ReadonlySet<string>;
}

/**
 * Changes members of a JSON object in its text; every byte of the others stays, white space included. `spans` are those of `text`
 * (see `findJsonMembers`), in which no key stands twice.
 */
export function editJsonObject(text: string, spans: ReadonlyMap<string, Span>, edits: JsonEdits): string {
  const members = [...spans].toSorted(([, a], [, b]) => a.keyStart - b.keyStart);
  const added = [...edits.set].filter(([key]) => !spans.has(key)).map(([key, value]) => `${JSON.stringify(key)}:${value}`);
  const first = members[0]?.[1];
  const last = members.at(-1)?.[1];
  if (first === undefined || last === undefined) {
    const open = text.indexOf('{') + 1;
    return text.slice(0, open) + added.join(',') + text.slice(open);
  }
  let out = text.slice(0, first.keyStart);
  let kept = 0;
  for (const [index, [key, span]] of members.entries()) {
    if (edits.drop.has(key)) continue;
    // The comma and the white space that stand before this member.
    const before = members[index - 1]?.[1];
    if (kept > 0 && before !== undefined) out += text.slice(before.valueEnd, span.keyStart);
    out += text.slice(span.keyStart, span.valueStart) + (edits.set.get(key) ?? text.slice(span.valueStart, span.valueEnd));
    kept += 1;
  }
  if (added.length > 0) out += (kept > 0 ? ',' : '') + added.join(',');
  return out + text.slice(last.valueEnd);
}

/** The text of a JSON array with only the elements that are wanted, each byte for byte. */
export function filterJsonArray(text: string, wanted: (index: number) => boolean): string {
  return `[${elementTexts(text)
    .filter((_, index) => wanted(index))
    .join(',')}]`;
}

/** The texts of an array's elements, trimmed. The text must be a valid JSON array. */
function elementTexts(text: string): readonly string[] {
  const elements: string[] = [];
  let depth = 0;
  let start = 0;
  const finish = (end: number): void => {
    const element = text.slice(start, end).trim();
    if (element !== '') elements.push(element);
    start = end + 1;
  };
  for (let at = 0; at < text.length; at++) {
    const sign = text.charAt(at);
    if (sign === '"') {
      at = closingQuote(text, at);
    } else if (sign === '[' || sign === '{') {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (sign === ']' || sign === '}') {
      depth -= 1;
      if (depth === 0) finish(at);
    } else if (sign === ',' && depth === 1) {
      finish(at);
    }
  }
  return elements;
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const sign = text.charAt(at);
    if (sign === '"') return at;
    if (sign === '\\') at += 1;
  }
  return text.length;
}
