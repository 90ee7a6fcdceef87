import type { DatabaseSync } from 'node:sqlite';

import { decodeBody } from './bodies-format.ts';
import type { BodyRef } from './bodies-format.ts';
import { joinRequest } from './bodies-split.ts';

/** What is there of a request or a reply. `none`: nothing was kept; `hash`: only its hash, or how long it was; `erased`: it was there. */
export type BodyText = { readonly state: 'kept'; readonly bytes: Uint8Array } | { readonly state: 'none' | 'hash' | 'erased' };

/** The bodies of one call, as its entries name them. */
export interface CallBodies {
  readonly request: BodyText;
  readonly reply: BodyText;
}

/**
 * Reads what was said in a call, byte for byte. Any connection will do, a read-only one too; the texts of an erased call are not shown even where
 * other calls still hold them.
 */
export function readCallBodies(
  db: DatabaseSync,
  call: { readonly id: string; readonly body: BodyRef | null; readonly reply: BodyRef | null },
): CallBodies {
  const erased = db.prepare('SELECT 1 FROM erased WHERE id = ?').get(call.id) !== undefined;
  const read = (ref: BodyRef | null): BodyText => {
    if (ref === null) return { state: 'none' };
    return erased ? { state: 'erased' } : readBody(db, ref);
  };
  return { request: read(call.body), reply: read(call.reply) };
}

/** Reads one text that an entry names. */
export function readBody(db: DatabaseSync, ref: BodyRef): BodyText {
  if ('bytes' in ref) return { state: 'hash' };
  if ('hash' in ref) return readRow(db, Buffer.from(ref.hash, 'hex'));
  const whole = readRow(db, Buffer.from('whole' in ref ? ref.whole : ref.frame, 'hex'));
  if ('whole' in ref || whole.state !== 'kept') return whole;
  const messages: Uint8Array[] = [];
  const nodes = db.prepare('SELECT parent, body FROM nodes WHERE hash = ?');
  let hash: Uint8Array | null = ref.messages === null ? null : Buffer.from(ref.messages, 'hex');
  while (hash !== null) {
    const node: Record<string, unknown> | undefined = nodes.get(hash);
    if (!node || !(node['body'] instanceof Uint8Array)) return { state: 'erased' };
    const message = readRow(db, node['body']);
    if (message.state !== 'kept') return message;
    messages.push(message.bytes);
    hash = node['parent'] instanceof Uint8Array ? node['parent'] : null;
  }
  const bytes = joinRequest(whole.bytes, messages.toReversed());
  return bytes === null ? { state: 'erased' } : { state: 'kept', bytes };
}

function readRow(db: DatabaseSync, hash: Uint8Array): BodyText {
  const row = db.prepare('SELECT coding, bytes FROM bodies WHERE hash = ?').get(hash);
  if (row === undefined) return { state: 'erased' };
  const bytes = decodeBody({ coding: Number(row['coding']), bytes: row['bytes'] instanceof Uint8Array ? row['bytes'] : null });
  return bytes === null ? { state: 'hash' } : { state: 'kept', bytes };
}
