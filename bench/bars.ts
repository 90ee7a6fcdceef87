/** What a figure must not exceed (`bar`), and where it should go from there (`toward`). Measured on two cores. */
export interface Bar {
  readonly bar: number;
  readonly toward: number | null;
  /** The figure must reach the bar instead. */
  readonly atLeast?: true;
}

/** What whoever asks the record is promised, in milliseconds. */
const list = { bar: 100, toward: null };
const show = { bar: 20, toward: null };

/** Every bar of the house, by the name of its figure. A figure without one is only told. */
export const bars: Readonly<Record<string, Bar>> = {
  // Reading a request of 8 kB, making its facts, and deciding.
  'decision at 8 kB, p99': { bar: 100, toward: 30 },
  // Cost per character of a megabyte over that of 64 kB: linear is 1.
  'decision, growth': { bar: 1.5, toward: 1.1 },
  'request, times the reference': { bar: 10, toward: 6 },
  'event, times the reference': { bar: 3.5, toward: 2 },
  'first token, added, p50': { bar: 1, toward: 0.5 },
  'first token, added, p99': { bar: 5, toward: 2 },
  '1,000 streams, lost': { bar: 0, toward: null },
  '1,000 streams, gap added, p99': { bar: 50, toward: null },
  '1,000 streams, cores': { bar: 1, toward: null },
  '1,000 streams, memory': { bar: 350, toward: 200 },
  'idle memory': { bar: 130, toward: 90 },
  'start to first answer': { bar: 1.5, toward: 0.7 },
  'proof of 12 upstreams': { bar: 2, toward: null },
  'proof of the slowest example house': { bar: 0.3, toward: null },
  'backtest, from facts': { bar: 100_000, toward: null, atLeast: true },
  'asking: the last 50': list,
  'asking: 50 from the middle': list,
  'asking: of one route': list,
  'asking: of one session': list,
  'asking: of a rare task': list,
  'asking: of a rare key at a rare machine': list,
  'asking: what failed': list,
  'asking: a frequent task at a frequent machine that never meet': list,
  'asking: a frequent key under a frequent profile that never meet': list,
  'asking: one hour of a route': list,
  'asking: what nobody did': list,
  'asking: one call in full': show,
  'room: a run of 100 turns, times smaller than its requests': { bar: 10, toward: null, atLeast: true },
  // 5.5 GB for a million.
  'room: a small call': { bar: 5_500, toward: null },
};
