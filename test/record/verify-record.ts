import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** One entry as it was written. */
export interface Entry {
  readonly seq: number;
  readonly type: string;
  readonly [name: string]: unknown;
}

/** Reads a log and verifies it as docs/record-format.md says, sharing nothing with the writer. */
export function verifyRecord(
  folder: string,
  file = 'record.db',
): { readonly entries: readonly Entry[]; readonly records: readonly Record<string, unknown>[] } {
  const database = new DatabaseSync(join(folder, file), { readOnly: true });
  const meta = new Map(
    database
      .prepare('SELECT name, value FROM meta')
      .all()
      .map(({ name, value }) => [name, String(value)]),
  );
  const id = meta.get('log') ?? '';
  assert.match(id, /^[0-9a-f]{32}$/);
  const key = createPublicKey({ key: Buffer.from(meta.get('key') ?? '', 'base64'), format: 'der', type: 'spki' });
  let hash = createHash('sha256').update(`gatehouse log 1\n${id}`).digest();
  const hashes = [hash.toString('hex')];
  const entries: Entry[] = [];
  for (const row of database.prepare('SELECT seq, hash, bytes FROM log ORDER BY seq').all()) {
    const bytes = Buffer.from(row['bytes'] as Uint8Array);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash = createHash('sha256').update(hash).update(length).update(bytes).digest();
    assert.equal(Buffer.from(row['hash'] as Uint8Array).toString('hex'), hash.toString('hex'), `hash of ${String(row['seq'])}`);
    const entry = JSON.parse(bytes.toString('utf8')) as Entry;
    assert.deepEqual(Object.keys(entry).slice(0, 3), ['seq', 'type', 'at']);
    assert.equal(entry.seq, row['seq']);
    assert.equal(entry.seq, hashes.length);
    hashes.push(hash.toString('hex'));
    entries.push(entry);
    if (entry.type !== 'checkpoint') continue;
    const { through, head, at, signature } = entry;
    assert.equal(through, entry.seq - 1);
    assert.equal(head, hashes[entry.seq - 1]);
    const text = `gatehouse checkpoint 1\n${id}\n${String(through)}\n${String(head)}\n${String(at)}\n`;
    assert.ok(verify(null, Buffer.from(text), key, Buffer.from(String(signature), 'base64')));
  }
  const records = database.prepare('SELECT * FROM records ORDER BY seq').all();
  database.close();
  return { entries, records };
}
