import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isStartProblem } from '#store/ports.ts';
import type { PrivateFiles } from '#store/ports.ts';
import { privateFiles } from '#store/private-files.ts';
import { KeyRing } from './key-ring.ts';
import { randomText } from './random-text.ts';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'));
after(() => rmSync(root, { recursive: true }));
const newFolder = (): string => mkdtempSync(join(root, 'f-'));
const random = (bytes: number): Uint8Array => randomBytes(bytes);

async function openRing(files: PrivateFiles | string, now = 1_000): Promise<KeyRing> {
  const ring = await KeyRing.open(typeof files === 'string' ? privateFiles(files) : files, { random, now: () => now });
  assert.ok(!isStartProblem(ring), JSON.stringify(ring));
  return ring;
}

async function problemOf(folder: string): Promise<string> {
  const ring = await KeyRing.open(privateFiles(folder), { random, now: () => 0 });
  assert.ok(isStartProblem(ring));
  assert.notEqual(ring.remedy, '');
  return ring.problem;
}

test('a new key lets its caller in, now and after a restart', async () => {
  const folder = newFolder();
  const ring = await openRing(folder);
  assert.equal(ring.isEmpty(), true);
  const made = await ring.create({ profile: 'private', name: 'laptop' });
  assert.match(made.key, /^gh_[0-9A-Za-z]{32}$/);
  assert.match(made.id, /^k_/);
  assert.equal(ring.isEmpty(), false);
  const principal = { id: made.id, profile: 'private', operator: false };
  assert.deepEqual(ring.identify(made.key), principal);
  assert.deepEqual((await openRing(folder)).identify(made.key), principal);
});

test('neither the key nor its random part is on disk, and the files are for their owner only', async () => {
  const folder = newFolder();
  const ring = await openRing(folder);
  const { key } = await ring.create({ profile: 'private', name: 'laptop' });
  for (const name of ['keys.json', 'key-secret']) {
    assert.ok(!readFileSync(join(folder, name), 'utf8').includes(key.slice(3)), name);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }
  assert.ok(!JSON.stringify(ring.list()).includes('hmac'));
});

test('what is stored of a key is no key: nor its hmac, nor its id, nor its name', async () => {
  const folder = newFolder();
  const ring = await openRing(folder);
  const { id, key } = await ring.create({ profile: 'private', name: 'laptop' });
  const hmac = /"hmac": "([0-9a-f]{64})"/.exec(readFileSync(join(folder, 'keys.json'), 'utf8'))?.[1];
  assert.ok(hmac);
  for (const presented of [hmac, `gh_${hmac}`, Buffer.from(hmac, 'hex').toString('latin1'), id, 'laptop', '', key.slice(3)]) {
    assert.equal(ring.identify(presented), null, presented);
  }
});

test('a revoked key is out before the file is written, and stays out after a restart', async () => {
  const folder = newFolder();
  const ring = await openRing(folder, 5_000);
  const { id, key } = await ring.create({ profile: 'private', name: 'laptop' });
  const other = await ring.create({ profile: 'guest', name: 'phone' });
  const revoked = ring.revoke('laptop');
  assert.equal(ring.identify(key), null);
  assert.equal(ring.isLive(id), false);
  assert.equal(await revoked, true);
  assert.equal(await ring.revoke('laptop'), false);
  assert.equal(await ring.revoke(id), false);
  const again = await openRing(folder);
  assert.equal(again.identify(key), null);
  assert.equal(again.isEmpty(), false);
  assert.equal(again.list().find((each) => each.id === id)?.revokedAt, 5_000);
  assert.equal(again.identify(other.key)?.profile, 'guest');
  assert.equal(again.isLive(other.id), true);
  assert.equal(again.isLive('k_nobody'), false);
});

test('a connection that shows a key again is known by it, by no other, and no longer than the key lives', async () => {
  const ring = await openRing(newFolder());
  const [mine, yours] = [await ring.create({ profile: 'private', name: 'mine' }), await ring.create({ profile: 'guest', name: 'yours' })];
  const [one, other] = [{}, {}];
  const idOf = (key: string, connection: object): string | undefined => ring.identify(key, connection)?.id;
  assert.deepEqual([idOf(mine.key, one), idOf(mine.key, one), idOf(mine.key, other)], [mine.id, mine.id, mine.id]);
  for (const wrong of ['', `${mine.key.slice(0, -1)}!`, `!${mine.key.slice(1)}`, `${mine.key}x`, mine.key.slice(0, -1)])
    assert.equal(idOf(wrong, one), undefined, wrong);
  assert.deepEqual([idOf(yours.key, one), idOf(mine.key, one), idOf(mine.key, one)], [yours.id, mine.id, mine.id]);
  await ring.revoke('mine');
  assert.deepEqual([idOf(mine.key, one), idOf(mine.key, other), idOf(yours.key, one)], [undefined, undefined, yours.id]);
});

test('a key that could not be written does not work; a revocation that could not be written does', async () => {
  const kept = privateFiles(newFolder());
  let full = false;
  const files: PrivateFiles = {
    read: (name) => kept.read(name),
    write: (name, text) => (full ? Promise.reject(new Error('no space')) : kept.write(name, text)),
  };
  const ring = await openRing(files);
  const { key } = await ring.create({ profile: 'private', name: 'laptop' });
  full = true;
  await assert.rejects(ring.create({ profile: 'private', name: 'phone' }), /no space/);
  assert.equal(ring.list().length, 1);
  await assert.rejects(ring.revoke('laptop'), /no space/);
  assert.equal(ring.identify(key), null);
  full = false;
  const later = await ring.create({ profile: 'private', name: 'tablet' });
  const again = await openRing(kept);
  assert.equal(again.identify(key), null);
  assert.notEqual(again.identify(later.key), null);
});

test('keys made and revoked at once are all kept', async () => {
  const folder = newFolder();
  const ring = await openRing(folder);
  const made = await Promise.all(Array.from({ length: 8 }, () => ring.create({ profile: 'private', name: 'same' })));
  await Promise.all([...made.slice(0, 4).map(({ id }) => ring.revoke(id)), ring.create({ profile: 'private', name: 'late' })]);
  const again = await openRing(folder);
  assert.equal(again.list().length, 9);
  assert.deepEqual(
    made.map(({ key }) => again.identify(key) !== null),
    [false, false, false, false, true, true, true, true],
  );
});

test('one live key has a name; names are safe to print', async () => {
  const ring = await openRing(newFolder());
  const names: string[] = [];
  for (const name of ['laptop', 'laptop', 'laptop', '\u001B[31mred\n', '', 'x'.repeat(100)]) {
    names.push((await ring.create({ profile: 'private', name })).name);
  }
  assert.deepEqual(names.slice(0, 5), ['laptop', 'laptop-2', 'laptop-3', '-31mred-', 'key']);
  assert.equal(names[5]?.length, 64);
  await ring.revoke('laptop');
  assert.equal((await ring.create({ profile: 'private', name: 'laptop' })).name, 'laptop');
});

test('an id wins over a name that looks like it', async () => {
  const ring = await openRing(newFolder());
  const first = await ring.create({ profile: 'private', name: 'first' });
  const second = await ring.create({ profile: 'private', name: first.id });
  await ring.revoke(first.id);
  assert.deepEqual([ring.isLive(first.id), ring.isLive(second.id)], [false, true]);
});

test('a secret that is empty, short, gone or readable by others is refused', async () => {
  for (const text of ['', '\n', '00'.repeat(31), 'z'.repeat(64)]) {
    const folder = newFolder();
    writeFileSync(join(folder, 'key-secret'), text, { mode: 0o600 });
    assert.match(await problemOf(folder), /32 bytes in hex/, JSON.stringify(text));
  }
  const folder = newFolder();
  await (await openRing(folder)).create({ profile: 'private', name: 'laptop' });
  chmodSync(join(folder, 'key-secret'), 0o640);
  assert.match(await problemOf(folder), /others may use .*key-secret \(mode 640\)/);
  rmSync(join(folder, 'key-secret'));
  assert.match(await problemOf(folder), /key-secret is not in the data folder/);
});

test('a file of keys that is not one is refused', async () => {
  const key = { id: 'k_a', name: 'a', profile: 'p', createdAt: 0, revokedAt: null, hmac: 'a'.repeat(64) };
  const keys = (...list: readonly object[]): string => JSON.stringify({ version: 1, keys: list });
  const bad = [
    '',
    '[]',
    '{"version":1}',
    '{"version":2,"keys":[]}',
    keys({ ...key, hmac: '' }),
    keys({ ...key, id: 'operator' }),
    keys({ ...key, revokedAt: undefined }),
    keys(key, key),
    keys(key, { ...key, id: 'k_b' }),
  ];
  for (const text of bad) {
    const folder = newFolder();
    writeFileSync(join(folder, 'keys.json'), text, { mode: 0o600 });
    assert.match(await problemOf(folder), /keys\.json/, text);
  }
});

test('a changed, cut or lengthened key never passes', async () => {
  const ring = await openRing(newFolder());
  const made = await Promise.all(Array.from({ length: 5 }, (_, at) => ring.create({ profile: 'private', name: `key ${at}` })));
  const keys = made.map(({ key }) => key);
  const anyKey = fc.constantFrom(...keys);
  const change = fc.oneof(
    fc
      .tuple(anyKey, fc.nat(34), fc.string({ minLength: 1, maxLength: 1 }))
      .map(([key, at, char]) => key.slice(0, at) + char + key.slice(at + 1)),
    fc.tuple(anyKey, fc.nat(34)).map(([key, length]) => key.slice(0, length)),
    fc.tuple(anyKey, fc.string()).map(([key, more]) => key + more),
    fc.tuple(fc.string(), anyKey).map(([more, key]) => more + key),
    // The first 20 characters of one key and the rest of another.
    fc.tuple(anyKey, anyKey).map(([one, other]) => one.slice(0, 20) + other.slice(20)),
    anyKey.map((key) => key.toLowerCase()),
    fc.string(),
  );
  fc.assert(
    fc.property(change, (presented) => {
      assert.equal(ring.identify(presented) !== null, keys.includes(presented));
    }),
    { numRuns: 2_000 },
  );
});

test('random text is fair and takes as many bytes as it needs', () => {
  let next = 0;
  // Every byte value in turn: those from 248 on are left out, or the first characters would come more often.
  const counted = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, () => next++ % 256);
  const text = randomText(248 * 10, counted);
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  assert.equal(counts.size, 62);
  assert.deepEqual(new Set(counts.values()), new Set([40]));
});
