/** Microseconds on the machine's monotonic clock, which is the same in every process. */
export function sharedMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}
