/** Seeded chance (mulberry32). */
export interface Dice {
  pick<Item>(items: readonly Item[]): Item;
}

/** The same seed picks the same forever. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    pick<Item>(items: readonly Item[]): Item {
      const picked = items[Math.floor(next() * items.length)];
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
  };
}

/** One line of a policy, changed the way a hand changes it. */
export interface Mutation {
  readonly how: string;
  /** 1-based line of the text before, and of the text after; after a deletion, of the line that took its place. */
  readonly line: number;
  readonly before: string;
  /** Null for a line that was deleted. */
  readonly after: string | null;
  readonly text: string;
}

type Change = (line: string, dice: Dice, text: string) => string | null;

/** What can happen to a line; null where the line offers nothing to it. */
const changes: Readonly<Record<string, Change>> = {
  'swap two characters': (line, dice) => {
    const at = place(line, /[\w-](?=[\w-])/g, dice);
    return at === null || line[at] === line[at + 1]
      ? null
      : line.slice(0, at) + (line[at + 1] ?? '') + (line[at] ?? '') + line.slice(at + 2);
  },
  'drop a character': (line, dice) => without(line, place(line, /\w/g, dice)),
  'drop a sign': (line, dice) => without(line, place(line, /[[\]{}"':,]/g, dice)),
  'double a sign': (line, dice) => {
    const at = place(line, /[[\]{}"':,]/g, dice);
    return at === null ? null : line.slice(0, at) + (line[at] ?? '') + line.slice(at);
  },
  'indent differently': (line, dice) => {
    const by = dice.pick([-4, -2, -1, 1, 2, 4]);
    if (by > 0) return ' '.repeat(by) + line;
    return line.startsWith(' '.repeat(-by)) ? line.slice(-by) : null;
  },
  'change a number': (line, dice) =>
    replace(line, /\d+/g, dice, (old) => String(dice.pick([0, 1, Number(old) + 1, Number(old) * 10, 999_999, 8]))),
  'change a unit': (line, dice) =>
    replace(line, /(?<=\d)(k|m|s|Ki|ms|h)\b/g, dice, () => dice.pick(['', 'K', 's', 'ms', 'min', 'm', ' k', 'x'])),
  'take a similar name': (line, dice, text) => {
    const words = [...new Set(text.match(/[a-z][\w.-]{2,}/gi) ?? [])];
    return replace(line, /[a-z][\w.-]{2,}/gi, dice, (old) =>
      dice.pick(words.filter((word) => word[0] === old[0] || word.length === old.length)),
    );
  },
};

const hows = [...Object.keys(changes), 'delete the line', 'write the line twice'];

/** Changes one line of a policy. Lines of remarks are left alone, and so are the remarks behind a value. */
export function mutateLine(text: string, dice: Dice): Mutation {
  const lines = text.split('\n');
  const candidates = [...lines.keys()].filter((at) => /^\s*[^#\s]/.test(lines[at] ?? ''));
  for (;;) {
    const at = dice.pick(candidates);
    const how = dice.pick(hows);
    const whole = lines[at] ?? '';
    const [, line = whole, remark = ''] = /^(.*?)(\s+#.*)?$/.exec(whole) ?? [];
    const made = (...instead: readonly string[]): Mutation => ({
      how,
      line: at + 1,
      before: line,
      after: instead.at(-1) ?? null,
      text: [...lines.slice(0, at), ...instead, ...lines.slice(at + 1)].join('\n'),
    });
    if (how === 'delete the line') return made();
    if (how === 'write the line twice') return made(whole, whole);
    const changed = changes[how]?.(line, dice, text) ?? null;
    if (changed !== null && changed !== line) return made(changed + remark);
  }
}

/** Where one of the matches is. */
function place(line: string, pattern: RegExp, dice: Dice): number | null {
  const matches = [...line.matchAll(pattern)];
  return matches.length === 0 ? null : dice.pick(matches).index;
}

function without(line: string, at: number | null): string | null {
  return at === null ? null : line.slice(0, at) + line.slice(at + 1);
}

function replace(line: string, pattern: RegExp, dice: Dice, by: (old: string) => string): string | null {
  const matches = [...line.matchAll(pattern)];
  if (matches.length === 0) return null;
  const { 0: old, index } = dice.pick(matches);
  return line.slice(0, index) + by(old) + line.slice(index + old.length);
}
