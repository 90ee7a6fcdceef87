/** What scripts wait for until the test says so; this is what makes sleeps needless. */
export interface Gates {
  /** Ends when the gate is open, or with the signal. */
  pass(name: string, signal: AbortSignal): Promise<void>;
  /** Opens a gate for everyone waiting and for everyone to come. */
  open(name: string): void;
  /** Closes a gate again for those to come. */
  shut(name: string): void;
  /** Ends when released, or with the signal. */
  stall(signal: AbortSignal): Promise<void>;
  /** Lets everyone go on who is stalled now; later stalls stall. */
  release(): void;
}

export function createGates(): Gates {
  const open = new Set<string>();
  const waiting = new Map<string, Set<() => void>>();
  const stalled = new Set<() => void>();
  return {
    async pass(name, signal) {
      if (open.has(name)) return;
      let waiters = waiting.get(name);
      if (waiters === undefined) waiting.set(name, (waiters = new Set()));
      await waitIn(waiters, signal);
    },
    open(name) {
      open.add(name);
      wakeAll(waiting.get(name));
    },
    shut(name) {
      open.delete(name);
    },
    stall: (signal) => waitIn(stalled, signal),
    release: () => wakeAll(stalled),
  };
}

async function waitIn(waiters: Set<() => void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => {
    waiters.delete(wake);
    signal.removeEventListener('abort', wake);
    resolve();
  };
  waiters.add(wake);
  signal.addEventListener('abort', wake);
  await promise;
}

function wakeAll(waiters: ReadonlySet<() => void> | undefined): void {
  for (const wake of waiters ?? []) wake();
}
