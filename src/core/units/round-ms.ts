/** Milliseconds to the microsecond: the digits behind it are the float's and not the clock's, and they cost a record more than the rest. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
