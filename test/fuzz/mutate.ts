import type { Dice } from '#test/sim/random.ts';

/** Pieces that readers of many sorts trip over. */
const nastyPieces = [
  '\u0000',
  '\r\n',
  '\n',
  '\r',
  '\t',
  ' ',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '\\udfff',
  '\ufeff',
  '\u2028',
  '\ud83d\ude00',
  'a\u0301',
  '__proto__',
  'constructor',
  '${HOME}',
  '%00',
  '%2e%2e/',
  '../',
  '//',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ': ',
  '\n\n',
  'data: ',
  'data: [DONE]\n\n',
  'event: error\n',
  'null',
  '1e400',
  '-0',
  '9'.repeat(400),
  '&a ',
  '*a ',
  '<<: ',
  '!!js/function ',
  '- ',
  '? ',
  '| ',
  '#',
] as const;

/** Changes some bytes of a text: flips, cuts, doubles, moves and inserts. */
export function mutateBytes(bytes: Uint8Array, dice: Dice): Buffer {
  let out: Buffer = Buffer.from(bytes);
  for (let rounds = dice.int(1, 4); rounds > 0; rounds--) out = changed(out, dice);
  return out;
}

/** The same for a text; what is no text afterwards is repaired. */
export function mutateText(text: string, dice: Dice): string {
  return mutateBytes(Buffer.from(text), dice).toString('utf8');
}

function changed(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.int(0, bytes.length);
  const end = Math.min(bytes.length, at + dice.pick([1, 1, 2, 4, 16, 64, 300]));
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (dice.weighted({ flip: 20, insert: 30, cut: 20, double: 10, truncate: 8, repeat: 4, random: 8 })) {
    case 'flip': {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << dice.int(0, 7));
      return copy;
    }
    case 'insert':
      return Buffer.concat([before, Buffer.from(dice.pick(nastyPieces)), piece, after]);
    case 'cut':
      return Buffer.concat([before, after]);
    case 'double':
      return Buffer.concat([before, piece, piece, after]);
    case 'truncate':
      return before;
    case 'repeat':
      return Buffer.concat([before, ...Array.from({ length: dice.int(2, 200) }, () => piece), after]);
    case 'random':
      return Buffer.concat([before, Buffer.from(Array.from({ length: dice.int(1, 8) }, () => dice.int(0, 255))), after]);
  }
}
