/** The `count` names nearest to `asked` by edit distance, ties in the order given; for "did you mean" in errors. */
export function nearestNames(asked: string, names: readonly string[], count: number): readonly string[] {
  return names
    .map((name, order) => ({ name, order, distance: editDistance(asked, name) }))
    .toSorted((a, b) => a.distance - b.distance || a.order - b.order)
    .slice(0, count)
    .map((entry) => entry.name);
}

/** Levenshtein distance; both are cut at 100 characters, beyond which nobody means a name. */
export function editDistance(left: string, right: string): number {
  const a = left.slice(0, 100).toLowerCase();
  const b = right.slice(0, 100).toLowerCase();
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
