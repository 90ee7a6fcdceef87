import type { Clock } from '#gateway/ports.ts';
import { RecordUnavailable } from '#store/ports.ts';
import type { RecoveryEvent, Store } from '#store/ports.ts';
import type { Watch } from '#telemetry/ports.ts';
import { runCommand } from './run-command.ts';
import type { CommandEnd, RunningCommand } from './run-command.ts';

/** What recovery needs. */
export interface RecoveryPorts {
  /** The command of an upstream in the policy in force; null if it has none. */
  commandOf(upstream: string): readonly string[] | null;
  readonly store: Pick<Store, 'commit'>;
  readonly watch: Watch;
  readonly clock: Clock;
  /** All that a command sees of the environment, besides the upstream's name. */
  readonly env: Readonly<Record<string, string>>;
  /** Where commands run. */
  readonly cwd: string;
  /** Called once a command has ended well. */
  succeeded(upstream: string): void;
  /** Default: a minute. */
  readonly timeoutMs?: number;
}

/** Either it ran, or it may not run now: there is no command, or the last run is too near. */
export type RecoveryAnswer =
  | { readonly ran: true; readonly event: RecoveryEvent }
  | { readonly ran: false; readonly retryAfterMs: number | null };

const timeoutDefaultMs = 60_000;
/** From the end of one run to the next one of the same upstream. */
const coolDownMs = 300_000;

/**
 * Runs the commands by which the policy's author brings machines back: one at a time per upstream, bounded, with a rest between two runs.
 * What a command is comes from the policy alone; whoever asks names only the upstream.
 */
export class Recovery {
  readonly #ports: RecoveryPorts;
  readonly #running = new Map<string, { readonly answer: Promise<RecoveryAnswer>; readonly command: RunningCommand }>();
  readonly #restUntil = new Map<string, number>();
  #stopped = false;

  constructor(ports: RecoveryPorts) {
    this.#ports = ports;
  }

  /** Runs the command of an upstream. Whoever asks while it runs hears how that run ends. */
  recover(upstream: string, by: RecoveryEvent['by']): Promise<RecoveryAnswer> {
    const running = this.#running.get(upstream);
    if (running) return running.answer;
    const words = this.#ports.commandOf(upstream);
    if (words === null || this.#stopped) return Promise.resolve({ ran: false, retryAfterMs: null });
    const restMs = (this.#restUntil.get(upstream) ?? 0) - this.#ports.clock.now();
    if (restMs > 0) return Promise.resolve({ ran: false, retryAfterMs: restMs });
    return this.#run(upstream, words, by);
  }

  /** Kills what runs; nothing is run afterwards. */
  stop(): void {
    this.#stopped = true;
    for (const { command } of this.#running.values()) command.kill();
  }

  #run(upstream: string, words: readonly string[], by: RecoveryEvent['by']): Promise<RecoveryAnswer> {
    const { clock, watch, env, cwd, timeoutMs = timeoutDefaultMs } = this.#ports;
    const startedAt = clock.now();
    watch.tell({ type: 'recovery', upstream, by, outcome: 'started', exitCode: null });
    const command = runCommand(words, {
      env: { ...env, GATEHOUSE_UPSTREAM: upstream },
      cwd,
      timeoutMs,
      after: (delayMs, what) => clock.after(delayMs, what),
    });
    const answer = command.ended.then((end) => this.#ended(upstream, end, { by, words, startedAt }));
    this.#running.set(upstream, { answer, command });
    return answer;
  }

  async #ended(
    upstream: string,
    { outcome, exitCode, output }: CommandEnd,
    { by, words, startedAt }: { readonly by: RecoveryEvent['by']; readonly words: readonly string[]; readonly startedAt: number },
  ): Promise<RecoveryAnswer> {
    const { clock, watch, store } = this.#ports;
    this.#running.delete(upstream);
    this.#restUntil.set(upstream, clock.now() + coolDownMs);
    const event: RecoveryEvent = { upstream, by, outcome, exitCode, durationMs: Math.round(clock.now() - startedAt) };
    watch.tell({ type: 'recovery', upstream, by, outcome, exitCode });
    try {
      await store.commit([{ op: 'recovery', at: clock.wallNow(), ...event, command: words, output }]);
    } catch (error) {
      // The machine matters more than the line about it; that it is missing is said.
      if (!(error instanceof RecordUnavailable)) throw error;
      watch.tell({ type: 'alarm', upstream, message: 'how its recovery ended could not be recorded' });
    }
    if (outcome === 'done') this.#ports.succeeded(upstream);
    return { ran: true, event };
  }
}
