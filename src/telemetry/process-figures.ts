/** What this process uses. */
export interface ProcessFigures {
  readonly uptimeSeconds: number;
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  /** Time the event loop did not spend waiting. */
  readonly eventLoopActiveSeconds: number;
}

export function readProcess(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    uptimeSeconds: process.uptime(),
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    eventLoopActiveSeconds: performance.eventLoopUtilization().active / 1e3,
  };
}
