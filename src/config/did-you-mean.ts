import { editDistance } from '#core/routing/nearest-names.ts';

/** Names that are looked at; more has no house, and each costs a comparison. */
const namesMax = 300;

/** The name that was probably meant, or null: at most one slip for every three letters, ties in the order given. */
export function didYouMean(written: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  let looked = 0;
  for (const name of names) {
    if (++looked > namesMax) break;
    const distance = isSwap(written, name) ? 1 : editDistance(written, name);
    if (distance < bestDistance && distance < name.length) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Two neighbouring letters changed places: one slip of the fingers, though an edit distance counts two. */
function isSwap(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return at < left.length && left.slice(0, at) + (left[at + 1] ?? '') + (left[at] ?? '') + left.slice(at + 2) === right;
}
