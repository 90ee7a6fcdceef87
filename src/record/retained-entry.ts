import type { BodyRef } from './bodies-format.ts';

/** What erasing and retention read of an entry of the log. */
export interface RetainedEntry {
  readonly type: string;
  /** The call's; null where the entry is not about one. */
  readonly id: string | null;
  /** What it says of a request or a reply. */
  readonly body: BodyRef | null;
}

/** Reads an entry of our own; one that is damaged says nothing. */
export function retainedEntry(bytes: Uint8Array): RetainedEntry {
  const entry = parsed(bytes);
  const id = entry['id'];
  return {
    type: String(entry['type']),
    id: typeof id === 'string' ? id : null,
    body: bodyRefOf(entry['type'] === 'start' ? entry['body'] : entry['type'] === 'terminal' ? entry['reply'] : null),
  };
}

/** A `body` or `reply` as an entry names it; null for none, and for what is not spelled like one. */
export function bodyRefOf(value: unknown): BodyRef | null {
  if (typeof value !== 'object' || value === null) return null;
  if ('whole' in value && typeof value.whole === 'string') return { whole: value.whole };
  if ('hash' in value && typeof value.hash === 'string') return { hash: value.hash };
  if ('bytes' in value && typeof value.bytes === 'number') return { bytes: value.bytes };
  if (!('frame' in value) || typeof value.frame !== 'string') return null;
  const messages = 'messages' in value && typeof value.messages === 'string' ? value.messages : null;
  return { frame: value.frame, messages };
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
