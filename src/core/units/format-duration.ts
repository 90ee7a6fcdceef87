const steps = [
  { unit: 'd', ms: 86_400_000, fromMs: 172_800_000 },
  { unit: 'h', ms: 3_600_000, fromMs: 7_200_000 },
  { unit: 'min', ms: 60_000, fromMs: 120_000 },
  { unit: 's', ms: 1000, fromMs: 1000 },
] as const;

/**
 * A duration for a person: `500 ms`, `1.5 s`, `12 s`, `5 min`, `3 h`, `2 d`. The next unit starts at two of it, so that 90 s stays 90 s.
 * One decimal below ten where there is something to show; an exact single unit (1 min, 1 h, 1 d) is said as such.
 */
export function formatDuration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  const step = steps.find((candidate) => rounded >= candidate.fromMs || rounded === candidate.ms);
  if (!step) return `${rounded} ms`;
  const count = rounded / step.ms;
  return `${count < 10 ? Math.round(count * 10) / 10 : Math.round(count)} ${step.unit}`;
}
