import { touchesWord } from './words.ts';

/** Finds which of many words occur in a text, in one pass over it whatever their number. */
export interface WordMatcher {
  /** The words that occur in a text in NFC and lower case. White space may stand in it as it came: every run counts as one space. */
  find(text: string): ReadonlySet<string>;
}

interface State {
  /** Next state by code unit. */
  readonly next: Map<number, number>;
  /** Where to go on when nothing follows: the longest suffix that is a prefix of some word. */
  fail: number;
  /** The word that ends here. */
  word: string | null;
  /** The nearest state down the failure links that ends a word; 0 if none does. */
  wordBelow: number;
}

const space = 0x20;

/** Compiles words (normalised, see `normaliseText`) into one automaton (A. V. Aho and M. J. Corasick, 1975). */
export function compileWords(words: readonly string[]): WordMatcher {
  const states: State[] = [newState()];
  for (const word of words) if (word !== '') addWord(states, word);
  linkFailures(states);
  const table = denseTable(states);
  return { find: (text) => findWords(text, states, table) };
}

function newState(): State {
  return { next: new Map(), fail: 0, word: null, wordBelow: 0 };
}

function addWord(states: State[], word: string): void {
  let at = 0;
  for (let index = 0; index < word.length; index++) {
    const unit = word.charCodeAt(index);
    let next = states[at]?.next.get(unit);
    if (next === undefined) {
      next = states.push(newState()) - 1;
      states[at]?.next.set(unit, next);
    }
    at = next;
  }
  const end = states[at];
  if (end) end.word = word;
}

/** Breadth first, so that the state a link points to is finished before it is needed. */
function linkFailures(states: readonly State[]): void {
  const queue = [...(states[0]?.next.values() ?? [])];
  for (let head = 0; head < queue.length; head++) {
    const index = queue[head] ?? 0;
    const state = states[index];
    if (!state) continue;
    for (const [unit, child] of state.next) {
      let fail = state.fail;
      while (fail !== 0 && states[fail]?.next.get(unit) === undefined) fail = states[fail]?.fail ?? 0;
      const target = states[fail]?.next.get(unit) ?? 0;
      const node = states[child];
      if (!node) continue;
      node.fail = target;
      node.wordBelow = states[target]?.word === null ? (states[target]?.wordBelow ?? 0) : target;
      queue.push(child);
    }
  }
}

interface DenseTable {
  /** Column of a code unit; 0 for units that no word holds. */
  readonly columns: Uint16Array;
  readonly width: number;
  /** `to[state * width + column]`: the next state, failures already followed. */
  readonly to: Int32Array;
}

function denseTable(states: readonly State[]): DenseTable {
  const columns = new Uint16Array(0x10000);
  let width = 1;
  for (const state of states) for (const unit of state.next.keys()) if (columns[unit] === 0) columns[unit] = width++;
  const to = new Int32Array(states.length * width);
  const order = [0];
  for (let head = 0; head < order.length; head++) {
    const index = order[head] ?? 0;
    const state = states[index];
    if (!state) continue;
    // What the failure state does is the rule; what this state does itself is the exception.
    if (index !== 0) to.copyWithin(index * width, state.fail * width, (state.fail + 1) * width);
    for (const [unit, child] of state.next) {
      to[index * width + (columns[unit] ?? 0)] = child;
      order.push(child);
    }
  }
  return { columns, width, to };
}

function findWords(text: string, states: readonly State[], { columns, width, to }: DenseTable): ReadonlySet<string> {
  const found = new Set<string>();
  let state = 0;
  let previous = space;
  for (let at = 0; at < text.length; at++) {
    let unit = text.charCodeAt(at);
    if (unit <= space || unit > 0x7f) {
      if (isSpace(unit)) {
        if (previous === space) continue;
        unit = space;
      }
    }
    previous = unit;
    state = to[state * width + (columns[unit] ?? 0)] ?? 0;
    if (state !== 0) noteWords(text, at, { found, state, states });
  }
  return found;
}

function noteWords(
  text: string,
  at: number,
  hit: { readonly found: Set<string>; readonly state: number; readonly states: readonly State[] },
): void {
  const { found, states } = hit;
  for (let index = hit.state; index !== 0; index = states[index]?.wordBelow ?? 0) {
    const word = states[index]?.word;
    if (typeof word === 'string' && !found.has(word) && !touchesWord(text, { word, start: startOf(text, at, word), end: at + 1 }))
      found.add(word);
  }
}

/** Where a word that ends at `at` begins: a space of the word stands for a whole run in the text. */
function startOf(text: string, at: number, word: string): number {
  let start = at;
  for (let index = word.length - 1; index > 0; index--) {
    if (word.charCodeAt(index) === space) while (isSpace(text.charCodeAt(start - 1))) start--;
    start--;
  }
  return start;
}

/** White space as the `\s` of regular expressions means it. */
function isSpace(unit: number): boolean {
  return unit === space || (unit >= 0x09 && unit <= 0x0d) || (unit > 0x7f && /\s/u.test(String.fromCharCode(unit)));
}
