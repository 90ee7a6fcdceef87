/** What a process wrote and synced, in the order in which the kernel saw it; read from `strace -f -y -xx`. */
export type DiskEvent =
  | { readonly type: 'write'; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly type: 'cut'; readonly path: string; readonly length: number }
  /** The call came back: what was written to the file before it began is on the disk. */
  | { readonly type: 'synced'; readonly path: string }
  /** Something was sent. */
  | { readonly type: 'sent'; readonly socket: string; readonly bytes: Buffer };

/** The system calls that are to be traced for it. */
export const tracedCalls = 'pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync,ftruncate';

export function readDiskTrace(text: string): readonly DiskEvent[] {
  const events: DiskEvent[] = [];
  const syncing = new Map<string, string>();
  for (const line of text.split('\n')) {
    const resumed = /^(\d+) +<\.\.\. (?:fsync|fdatasync) resumed>\) += 0/.exec(line);
    const waiting = resumed ? syncing.get(resumed[1] ?? '') : undefined;
    if (waiting !== undefined) events.push({ type: 'synced', path: waiting });
    const call = /^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$/.exec(line);
    if (!call) continue;
    const [, thread = '', name = '', target = '', rest = ''] = call;
    const path = unhex(target).toString('utf8');
    if (name === 'fsync' || name === 'fdatasync') {
      if (rest.includes('unfinished')) syncing.set(thread, path);
      else if (rest.endsWith('= 0')) events.push({ type: 'synced', path });
    } else if (path.startsWith('socket:')) {
      events.push({
        type: 'sent',
        socket: path,
        bytes: Buffer.concat([...rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((found) => unhex(found[1] ?? ''))),
      });
    } else if (name === 'pwrite64') {
      const [, bytes = '', at = '0'] = /^, "([^"]*)", \d+, (\d+)/.exec(rest) ?? [];
      events.push({ type: 'write', path, at: Number(at), bytes: unhex(bytes) });
    } else if (name === 'ftruncate') {
      events.push({ type: 'cut', path, length: Number(/^, (\d+)/.exec(rest)?.[1] ?? 0) });
    }
  }
  return events;
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}

/** A disk that has lost its power: of each file what was synced, and of the writes after that those that `survives` lets through. */
export function diskAfter(events: readonly DiskEvent[], survives: () => boolean): ReadonlyMap<string, Buffer> {
  const files = new Map<string, { synced: Buffer; since: (DiskEvent & { readonly path: string })[] }>();
  for (const event of events) {
    if (event.type === 'sent') continue;
    const file = files.get(event.path) ?? { synced: Buffer.alloc(0), since: [] };
    files.set(event.path, file);
    if (event.type !== 'synced') file.since.push(event);
    else {
      file.synced = file.since.reduce(applied, file.synced);
      file.since = [];
    }
  }
  return new Map([...files].map(([path, { synced, since }]) => [path, since.filter(survives).reduce(applied, synced)]));
}

function applied(before: Buffer, event: DiskEvent): Buffer {
  if (event.type === 'cut')
    return Buffer.concat([before.subarray(0, event.length), Buffer.alloc(Math.max(0, event.length - before.length))]);
  if (event.type !== 'write') return before;
  const after = Buffer.alloc(Math.max(before.length, event.at + event.bytes.length));
  before.copy(after);
  event.bytes.copy(after, event.at);
  return after;
}
