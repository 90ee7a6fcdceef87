import type { Trial } from './try-seed.ts';

/** A world that once showed a fault of the gatehouse, or of the simulator. */
export interface Regression {
  readonly seed: number;
  readonly requests: number;
  readonly mode: Trial;
  /** What it showed. */
  readonly showed: string;
}

/** Worlds that failed before something was mended; every one is played again by the tests. */
export const regressions: readonly Regression[] = [
  { seed: 17, requests: 40, mode: 'safety', showed: 'a target that was out when everything ended: its timer was taken for a leak' },
  { seed: 533952019, requests: 60, mode: 'safety', showed: 'a machine that worked on for nobody for minutes was taken for a leak' },
  { seed: 5006, requests: 40, mode: 'safety', showed: 'the walk of a caller who was cut was called different when it was decided again' },
  { seed: 5005, requests: 40, mode: 'liveness', showed: 'the same, in a line for a slot' },
  { seed: 365, requests: 80, mode: 'liveness', showed: 'a call that ended while the record told of its outage never got its interruption' },
  { seed: 447438625, requests: 200, mode: 'liveness', showed: 'a cloud that came back loading was never asked again' },
  { seed: 27339523, requests: 200, mode: 'liveness', showed: 'a target behind one that answered was taken for asked' },
  {
    seed: 930312279,
    requests: 200,
    mode: 'liveness',
    showed: 'a checkpoint that landed behind a batch which had been given up hid the batch',
  },
  { seed: 207, requests: 1, mode: 'pairs', showed: 'a byte order mark behind a keep-alive became part of a field’s name' },
];
