/** Where a job's callers go, and as whom. */
interface Door {
  readonly port: number;
  readonly key: string;
}

/** So many requests for whole answers, by so many callers at once. */
export interface WholeJob extends Door {
  readonly type: 'whole';
  readonly callers: number;
  readonly requests: number;
}

/** So many streams, begun evenly over `overMs`, each of so many events at the server's pace. */
export interface StreamsJob extends Door {
  readonly type: 'streams';
  readonly streams: number;
  readonly overMs: number;
  readonly events: number;
  readonly everyMs: number;
}

export type Job = WholeJob | StreamsJob;

/** What the callers saw. */
export interface Seen {
  /** Events of streams that came in their place. */
  readonly events: number;
  /** Requests without a whole and right answer. */
  readonly failed: number;
  /** From each request to its first event. */
  readonly firstMs: readonly number[];
  /** How much longer each gap between two events was than the server made it. */
  readonly gapMs: readonly number[];
}
