import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { bodyHash, digester, nodeHash } from './bodies-format.ts';
import type { BodyRef } from './bodies-format.ts';
import { BodyRelease } from './bodies-release.ts';
import { bodyTables } from './bodies-tables.ts';
import { Bodies } from './bodies.ts';
import { readBody } from './read-bodies.ts';

function openBodies(): { readonly db: DatabaseSync; readonly bodies: Bodies } {
  const db = new DatabaseSync(':memory:');
  db.exec(bodyTables);
  return { db, bodies: new Bodies(db, { secret: Buffer.alloc(32, 7), random: (bytes) => randomBytes(bytes) }) };
}

function count(db: DatabaseSync, table: 'bodies' | 'nodes'): number {
  return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
}

function textOf(db: DatabaseSync, ref: BodyRef): string {
  const body = readBody(db, ref);
  return body.state === 'kept' ? Buffer.from(body.bytes).toString('utf8') : body.state;
}

function request(texts: readonly string[], model = 'm'): Buffer {
  return Buffer.from(JSON.stringify({ model, messages: texts.map((content) => ({ role: 'user', content })) }));
}

test('the hashes are those of the format', () => {
  const { db, bodies } = openBodies();
  const ref = bodies.keepRequest(request(['a', 'b']), 'full');
  assert.ok('frame' in ref && ref.messages !== null);
  const row = (content: string): Buffer => {
    const found = db.prepare('SELECT hash, salt FROM bodies WHERE bytes = ?').get(Buffer.from(content));
    assert.ok(found?.['hash'] instanceof Uint8Array && found['salt'] instanceof Uint8Array);
    assert.deepEqual(Buffer.from(found['hash']), Buffer.from(bodyHash(found['salt'], Buffer.from(content))));
    return Buffer.from(found['hash']);
  };
  assert.equal(row('{"model":"m","messages":[]}').toString('hex'), ref.frame);
  const first = nodeHash(null, row('{"role":"user","content":"a"}'));
  assert.equal(Buffer.from(nodeHash(first, row('{"role":"user","content":"b"}'))).toString('hex'), ref.messages);
});

test('the digest is an HMAC, and that of a hash-only text another', () => {
  for (const secret of [Buffer.alloc(32, 7), Buffer.alloc(100, 9)]) {
    const digest = digester(secret);
    const expected = createHmac('sha256', secret).update('kabc').digest('hex');
    assert.equal(Buffer.from(digest('kept', Buffer.from('abc'))).toString('hex'), expected);
    assert.notEqual(Buffer.from(digest('hash', Buffer.from('abc'))).toString('hex'), expected);
  }
});

test('a run of turns keeps each message once', () => {
  const { db, bodies } = openBodies();
  const texts = Array.from({ length: 50 }, (_, index) => `turn ${index}`);
  const refs = texts.map((_, index) => bodies.keepRequest(request(texts.slice(0, index + 1)), 'full'));
  assert.equal(count(db, 'nodes'), 50);
  assert.equal(count(db, 'bodies'), 51);
  for (const [index, ref] of refs.entries()) assert.equal(textOf(db, ref), request(texts.slice(0, index + 1)).toString());
  // A second writer finds what the first one wrote.
  const again = new Bodies(db, { secret: Buffer.alloc(32, 7), random: (bytes) => randomBytes(bytes) });
  assert.deepEqual(again.keepRequest(request(texts), 'full'), refs.at(-1));
  assert.equal(count(db, 'bodies'), 51);
});

test('of a hash nothing is kept, and what is too large leaves its hash', () => {
  const { db, bodies } = openBodies();
  const secret = Buffer.from('{"messages":[{"content":"secret"}]}');
  const hashed = bodies.keepRequest(secret, 'hash');
  const kept = bodies.keepWhole(secret, 'full');
  assert.notDeepEqual(hashed, kept);
  assert.equal(textOf(db, hashed), 'hash');
  assert.equal(textOf(db, kept), secret.toString());
  assert.equal(textOf(db, bodies.keepWhole(Buffer.alloc(17 * 1024 * 1024, 'x'), 'full')), 'hash');
});

test('a text that compresses is compressed and comes back', () => {
  const { db, bodies } = openBodies();
  const text = 'the same again, '.repeat(500);
  assert.equal(textOf(db, bodies.keepWhole(Buffer.from(text), 'full')), text);
  assert.ok(Number(db.prepare('SELECT length(bytes) AS n FROM bodies').get()?.['n']) < text.length / 10);
});

test('a transaction that does not come about leaves nothing behind that is named later', () => {
  const { db, bodies } = openBodies();
  db.exec('BEGIN');
  bodies.keepRequest(request(['a', 'b']), 'full');
  db.exec('ROLLBACK');
  bodies.forget();
  assert.equal(textOf(db, bodies.keepRequest(request(['a', 'b']), 'full')), request(['a', 'b']).toString());
});

test('whatever is kept and given up in whatever order: what is still named can be read, and nothing else is there', () => {
  const text = fc.constantFrom('a', 'b', 'c', 'a "quoted" \\ text', 'ünïcödé 😀', 'x'.repeat(300));
  const step = fc.oneof(
    fc.record({
      keep: fc.array(text, { maxLength: 5 }),
      model: fc.constantFrom('m', 'n'),
      kept: fc.constantFrom('full' as const, 'hash' as const),
    }),
    fc.record({ drop: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { db, bodies } = openBodies();
      const live: { readonly ref: BodyRef; readonly text: string }[] = [];
      for (const each of steps) {
        if ('keep' in each) {
          const body = request(each.keep, each.model);
          live.push({ ref: bodies.keepRequest(body, each.kept), text: each.kept === 'full' ? body.toString() : 'hash' });
        } else {
          new BodyRelease(db).release(live.splice(each.drop, 1)[0]?.ref ?? null);
          bodies.forget();
        }
        for (const { ref, text: expected } of live) assert.equal(textOf(db, ref), expected);
      }
      for (const { ref } of live) new BodyRelease(db).release(ref);
      assert.equal(count(db, 'bodies'), 0);
      assert.equal(count(db, 'nodes'), 0);
    }),
    { numRuns: 200 },
  );
});
