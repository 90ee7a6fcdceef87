import { readFileSync, writeFileSync } from 'node:fs';
import { flipped } from './tampering.ts';
import type { Tampering } from './tampering.ts';

/** Raw bytes, in the file and in the outside copy. */
export const rawTamperings: readonly Tampering[] = [
  { name: 'a bit of the file', found: [], apply: ({ file, dice }) => raw(file, (bytes) => flipped(bytes, dice)) },
  {
    name: 'a bit of an entry in the file',
    found: [],
    apply: ({ file, dice }) =>
      raw(file, (bytes) => {
        const starts = [...bytes.toString('latin1').matchAll(/\{"seq":\d+,"type":"/g)].map(({ index }) => index);
        const at = dice.pick(starts) + dice.int(0, 200);
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.int(0, 7));
        return bytes;
      }),
  },
  {
    name: 'some bytes of the file',
    found: [],
    apply: ({ file, dice }) =>
      raw(file, (bytes) => {
        const at = dice.int(0, bytes.length - 64);
        for (let byte = at; byte < at + dice.int(1, 64); byte++) bytes[byte] = dice.int(0, 255);
        return bytes;
      }),
  },
  {
    name: 'a page put over another',
    found: [],
    apply: ({ file, dice }) =>
      raw(file, (bytes) => {
        const pages = bytes.length / 8192;
        const from = dice.int(1, pages - 1) * 8192;
        bytes.copyWithin(dice.int(1, pages - 1) * 8192, from, from + 8192);
        return bytes;
      }),
  },
  {
    // Both hold texts with a number: the pages fit together as before.
    name: 'the names of policies put over the notes of what was erased',
    found: [],
    apply: (victim) => {
      const { db } = victim.forger();
      const root = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?');
      const pageOf = (name: string): number => (Number(root.get(name)?.['rootpage']) - 1) * 8192;
      const [to, from] = [pageOf('erased'), pageOf('sqlite_autoindex_policies_1')];
      return raw(victim.file, (bytes) => bytes.copyWithin(to, from, from + 8192));
    },
  },
  {
    name: 'a page emptied',
    found: [],
    apply: ({ file, dice }) => raw(file, (bytes) => bytes.fill(0, (dice.int(1, bytes.length / 8192) - 1) * 8192).subarray(0)),
  },
  {
    name: 'the end of the file cut off',
    found: [],
    apply: ({ file, dice }) => raw(file, (bytes) => bytes.subarray(0, dice.int(0, bytes.length - 1))),
  },
  { name: 'a bit of the outside copy', found: ['outside'], apply: ({ outside, dice }) => raw(outside, (bytes) => flipped(bytes, dice)) },
  {
    name: 'a line of another log in the outside copy',
    found: ['outside'],
    apply: ({ outside }) =>
      raw(outside, (bytes) =>
        Buffer.concat([
          bytes,
          Buffer.from(
            bytes
              .toString('utf8')
              .split('\n')[0]
              ?.replace(/"log":"./, '"log":"g') ?? '',
          ),
          Buffer.from('\n'),
        ]),
      ),
  },
  { name: 'nothing left of the outside copy', found: ['outside'], apply: ({ outside }) => raw(outside, () => Buffer.alloc(0)) },
];

function raw(path: string, change: (bytes: Buffer) => Buffer): boolean {
  writeFileSync(path, change(readFileSync(path)));
  return true;
}
