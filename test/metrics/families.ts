/** A family of metrics as the text format has it. */
export interface SeenFamily {
  readonly type: string;
  /** The labels of its samples; null if it has no sample. */
  readonly labels: readonly string[] | null;
}

/** Reads the families of an exposition by name. */
export function familiesIn(exposition: string): ReadonlyMap<string, SeenFamily> {
  const families = new Map<string, SeenFamily>();
  for (const [, name = '', type = ''] of exposition.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    const sample = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? \\S+$`, 'm').exec(exposition);
    const labels = sample ? [...(sample[1] ?? '').matchAll(/(\w+)="/g)].map(([, label = '']) => label) : null;
    families.set(name, { type, labels: labels === null ? null : labels.filter((label) => label !== 'le') });
  }
  return families;
}
