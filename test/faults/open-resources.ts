/** What keeps a process alive and belongs to a house or a machine. */
const watched = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'PipeServerWrap', 'Timeout', 'MessagePort'];
const patienceMs = 5_000;

/** What of sockets, listeners and timers is open beyond what was open before, once they have had time to close. Empty: nothing. */
export async function openBeyond(before: readonly string[]): Promise<readonly string[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const now = process.getActiveResourcesInfo();
    const more = watched.filter((kind) => count(now, kind) > count(before, kind) + (kind === 'Timeout' ? 1 : 0));
    if (more.length === 0 || performance.now() > end)
      return more.map((kind) => `${kind}: ${count(before, kind)} before, ${count(now, kind)} now`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function count(resources: readonly string[], kind: string): number {
  return resources.filter((resource) => resource === kind).length;
}
