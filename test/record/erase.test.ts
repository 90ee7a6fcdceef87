import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';

import { firstHash, nextHash } from '#record/chain.ts';
import { Erasing } from '#record/erase.ts';
import type { EraseAsk, Erased } from '#record/erase.ts';
import { logRows } from '#record/log-rows.ts';
import { chatRequest, openKeptCalls, rowsIn, standsInFiles } from '#test/record/kept-calls.ts';
import type { KeptCalls } from '#test/record/kept-calls.ts';

function erase({ writer, bodies }: KeptCalls, ask: EraseAsk): Erased {
  const erasing = new Erasing(writer, { ask, by: 'operator', removed: () => bodies.forget() });
  while (erasing.slice(5_000));
  return erasing.finish();
}

function chainHolds({ writer }: KeptCalls): boolean {
  let hash: Uint8Array = firstHash(writer.logId);
  for (const row of logRows(writer.database, 1)) {
    hash = nextHash(hash, row.bytes);
    if (!Buffer.from(hash).equals(row.hash)) return false;
  }
  return Buffer.from(hash).toString('hex') === writer.head.hash;
}

test('an erased call leaves no byte of its texts in the files, and the chain as it was', (t) => {
  const calls = openKeptCalls(t);
  // Too long for one page, and compressed.
  const long = Array.from({ length: 5_000 }, (_, n) => (n * 7_919_993) % 1_000_003).join(' ');
  calls.keep(
    { id: 'a', at: 1, request: chatRequest('canary-in-a-request'), reply: long },
    { id: 'b', at: 2, request: chatRequest('b'), reply: 'kept' },
  );
  const traces = tracesOf(calls, 'canary-in-a-request', long);
  assert.equal(traces.length, 8);
  for (const trace of traces) assert.ok(standsInFiles(calls.folder, trace));
  const { bytes, ...erased } = erase(calls, { ids: ['a'] });
  assert.ok(bytes > 10_000);
  assert.deepEqual(erased, { records: 1, texts: 2, shared: 1, unknown: [], emptied: true });
  for (const trace of traces) assert.ok(!standsInFiles(calls.folder, trace), trace.toString('hex'));
  assert.ok(chainHolds(calls));
});

/** What would give the two texts away: themselves, their salts, digests, and the compressed form. */
function tracesOf({ writer }: KeptCalls, request: string, reply: string): readonly Buffer[] {
  const traces = [Buffer.from(request)];
  for (const { salt, digest, bytes, coding } of writer.database.prepare('SELECT * FROM bodies ORDER BY rowid').all()) {
    if (!(salt instanceof Uint8Array && digest instanceof Uint8Array && bytes instanceof Uint8Array)) throw new Error('no body');
    const text = coding === 1 ? zstdDecompressSync(bytes).toString() : Buffer.from(bytes).toString();
    if (!text.includes(request) && text !== reply) continue;
    traces.push(Buffer.from(salt), Buffer.from(digest), Buffer.from(bytes.subarray(0, 40)));
    if (coding === 1) traces.push(Buffer.from(bytes.subarray(-40)));
  }
  return traces;
}

test('what other calls hold stays, and is said; the call itself shows nothing', (t) => {
  const calls = openKeptCalls(t);
  calls.keep(
    { id: 'a', at: 1, request: chatRequest('one'), reply: 'reply one' },
    { id: 'b', at: 2, request: chatRequest('one', 'two'), reply: 'reply two' },
  );
  const erased = erase(calls, { ids: ['a', 'a', 'nobody'] });
  assert.deepEqual({ ...erased, bytes: 0 }, { records: 1, texts: 1, bytes: 0, shared: 2, unknown: ['nobody'], emptied: true });
  assert.deepEqual(calls.read('a'), { request: { state: 'erased' }, reply: { state: 'erased' } });
  const other = calls.read('b');
  assert.ok(other.request.state === 'kept' && Buffer.from(other.request.bytes).toString() === chatRequest('one', 'two'));
  assert.deepEqual(
    { ...erase(calls, { ids: ['b'] }), bytes: 0 },
    { records: 1, texts: 4, bytes: 0, shared: 0, unknown: [], emptied: true },
  );
  assert.equal(rowsIn(calls.writer.database, 'bodies'), 0);
  assert.equal(rowsIn(calls.writer.database, 'nodes'), 0);
  assert.ok(chainHolds(calls));
});

test('a second time there is nothing to erase, and no entry says so', (t) => {
  const calls = openKeptCalls(t);
  calls.keep({ id: 'a', at: 1, request: chatRequest('one'), reply: 'r' }, { id: 'b', at: 1, request: chatRequest('one'), reply: 'r' });
  assert.equal(erase(calls, { ids: ['a'] }).records, 1);
  const { seq } = calls.writer.head;
  assert.equal(erase(calls, { ids: ['a'] }).records, 0);
  assert.equal(calls.writer.head.seq, seq);
  const kept = calls.read('b').request;
  assert.ok(kept.state === 'kept');
});

test('by key and by age: all of them, in entries of at most a thousand, and nobody else’s', (t) => {
  const calls = openKeptCalls(t);
  const numbers = Array.from({ length: 450 }, (_, n) => n);
  const principal = (n: number): string => (n % 2 === 0 ? 'k_even' : 'k_odd');
  calls.keep(
    ...numbers.map((n) => ({ id: `r${n}`, at: n, request: chatRequest(`text ${n}`), reply: `reply ${n}`, principal: principal(n) })),
  );
  assert.equal(erase(calls, { principal: 'k_even' }).records, 225);
  assert.equal(calls.read('r1').request.state, 'kept');
  assert.equal(calls.read('r2').request.state, 'erased');
  assert.equal(erase(calls, { before: 100 }).records, 50);
  assert.equal(calls.read('r99').request.state, 'erased');
  assert.equal(calls.read('r101').request.state, 'kept');
  for (const row of logRows(calls.writer.database, 1)) {
    const entry: { readonly type?: unknown; readonly records?: readonly string[] } = JSON.parse(Buffer.from(row.bytes).toString());
    if (entry.type === 'erase') assert.ok((entry.records?.length ?? 0) <= 1_000);
  }
  assert.ok(chainHolds(calls));
});

test('a call that is under way is not erased', (t) => {
  const calls = openKeptCalls(t);
  const end = calls.begin({ id: 'a', at: 1, request: chatRequest('one'), reply: 'r' });
  assert.deepEqual(erase(calls, { ids: ['a'] }).unknown, ['a']);
  end();
  assert.equal(calls.read('a').request.state, 'kept');
});

test('what is erased and said again is kept again', (t) => {
  const calls = openKeptCalls(t);
  calls.keep({ id: 'a', at: 1, request: chatRequest('one'), reply: 'r' });
  erase(calls, { ids: ['a'] });
  calls.keep({ id: 'b', at: 2, request: chatRequest('one'), reply: 'r' });
  const kept = calls.reopen().read('b');
  assert.ok(kept.request.state === 'kept' && kept.reply.state === 'kept');
  assert.equal(Buffer.from(kept.reply.bytes).toString(), 'r');
});
