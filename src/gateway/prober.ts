import type { PolicyTables } from '#core/policy/tables.ts';
import type { Upstream } from '#core/policy/policy.ts';
import type { Dialer, WireFault } from '#egress/port.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';
import { learnLoad, learnModels } from '#upstreams/learn-server.ts';
import type { AskServer } from '#upstreams/learn-server.ts';
import type { FleetState } from './fleet-state.ts';
import type { Clock } from './ports.ts';

/** How often it looks whether anybody is due. */
const tickMs = 1_000;
/** A machine that is well is looked at this often, for its list of models. */
const roundMs = 60_000;
const replyMs = 5_000;
/** A name is looked up at load; afterwards only while its machine cannot be reached, and at most this often. */
const lookUpEveryMs = 30_000;
const bytesMax = 4_000_000;

/** What the prober needs. */
export interface ProberPorts {
  tables(): PolicyTables;
  readonly fleet: FleetState;
  readonly dialer: Dialer;
  /** Looks an upstream's name up again; resolves when the dialer knows the outcome. */
  resolve(upstream: string): Promise<unknown>;
  kindOf(kind: string): UpstreamKind;
  readonly clock: Clock;
  /** Told whenever a machine that is out was asked again and is still out. */
  stillOut?(upstream: string): void;
}

type Answer = { readonly status: number; readonly body: string } | { readonly fault: WireFault };

/**
 * Looks after the machines: at the start, every minute while they are well, and on the health's own schedule while they are not. It
 * asks only what costs nothing, and never a machine outside the house unless a caller's call to it has failed.
 */
export class Prober {
  readonly #ports: ProberPorts;
  readonly #dueAt = new Map<string, number>();
  /** Before this moment a name is not looked up again. */
  readonly #lookUpAt = new Map<string, number>();
  readonly #busy = new Set<string>();
  /** Whose load is being asked for. */
  readonly #asked = new Set<string>();
  #cancelTick: (() => void) | null = null;

  constructor(ports: ProberPorts) {
    this.#ports = ports;
  }

  /** Asks everybody once, then keeps looking. Resolves when the first round is over. */
  async start(): Promise<void> {
    this.#cancelTick ??= this.#ports.clock.after(tickMs, () => this.#tick());
    await this.round();
  }

  stop(): void {
    this.#cancelTick?.();
    this.#cancelTick = null;
  }

  /** Asks every machine of the house once, as after a reload. */
  async round(): Promise<void> {
    const { upstreams } = this.#ports.tables().policy;
    await Promise.all(upstreams.map((upstream) => this.#look(upstream)));
  }

  /** Asks one machine now, as after its recovery. */
  async lookAt(name: string): Promise<void> {
    const upstream = this.#ports.tables().upstreams.get(name);
    if (upstream) await this.#look(upstream);
  }

  #tick(): void {
    this.#cancelTick = this.#ports.clock.after(tickMs, () => this.#tick());
    const now = this.#ports.clock.now();
    for (const upstream of this.#ports.tables().policy.upstreams) {
      const health = this.#ports.fleet.healthOf(upstream.name);
      const dueAt = health?.nextProbeAt ?? this.#dueAt.get(upstream.name) ?? 0;
      if (dueAt <= now) void this.#look(upstream);
      if (health?.state !== 'ejected' && this.#ports.fleet.mayStillWork(upstream.name)) void this.#askLoad(upstream);
    }
  }

  async #look(upstream: Upstream): Promise<void> {
    if (this.#busy.has(upstream.name)) return;
    this.#busy.add(upstream.name);
    this.#dueAt.set(upstream.name, this.#ports.clock.now() + roundMs);
    try {
      await this.#lookNow(upstream);
    } finally {
      this.#busy.delete(upstream.name);
    }
  }

  async #lookNow(upstream: Upstream): Promise<void> {
    const { fleet, clock } = this.#ports;
    const { name } = upstream;
    const ejected = fleet.healthOf(name)?.state === 'ejected';
    if (ejected && clock.now() >= (this.#lookUpAt.get(name) ?? 0)) {
      this.#lookUpAt.set(name, clock.now() + lookUpEveryMs);
      await this.#ports.resolve(name);
    }
    // Whoever came back and said that it was loading is asked until it has loaded, wherever it is.
    const loading = fleet.healthOf(name)?.state === 'loading';
    if (upstream.location === 'house' || ejected || loading) await this.#probe(upstream);
    const health = fleet.healthOf(name);
    // After one good probe it is on its way back.
    if (ejected && health && health.failedProbes > 0 && health.goodProbes === 0) this.#ports.stillOut?.(name);
  }

  async #probe(upstream: Upstream): Promise<void> {
    const { fleet } = this.#ports;
    const kind = this.#ports.kindOf(upstream.kind);
    const answer = await this.#get(upstream, kind.probe.path);
    if ('fault' in answer) {
      this.#unreachable(upstream, answer.fault);
      return;
    }
    const result = kind.probe.read(answer.status, answer.body);
    if (result.state === 'down') {
      fleet.noteHealth(upstream.name, { type: 'probe_bad', cause: result.why });
      return;
    }
    fleet.noteHealth(upstream.name, { type: 'probe_good', loading: result.state === 'loading' });
    // Outside the house only what is out is asked, so its list of models would stay what it was in that moment.
    if (result.state === 'up' && upstream.location === 'house') await this.#learn(upstream, kind);
  }

  /** One connection that is not accepted in time may be a machine that wakes up: it is looked at again at once. */
  #unreachable(upstream: Upstream, fault: WireFault): void {
    const { fleet, clock } = this.#ports;
    if (fault.cause !== 'connect_timeout' || fleet.healthOf(upstream.name)?.state === 'ejected') {
      fleet.noteHealth(upstream.name, { type: 'probe_bad', cause: causeOf(fault) });
      return;
    }
    fleet.noteHealth(upstream.name, { type: 'unreachable', cause: causeOf(fault), timeout: true });
    this.#dueAt.set(upstream.name, clock.now() + tickMs);
  }

  async #learn(upstream: Upstream, kind: UpstreamKind): Promise<void> {
    this.#ports.fleet.noteServed(upstream.name, await learnModels(kind, this.#asking(upstream)));
    if (kind.load !== undefined && kind.load.keepsAwake !== true) await this.#askLoad(upstream);
  }

  /** What the server is working on: callers who have left hold their slots no longer than it works for them. */
  async #askLoad(upstream: Upstream): Promise<void> {
    const kind = this.#ports.kindOf(upstream.kind);
    if (kind.load === undefined || this.#asked.has(upstream.name)) return;
    this.#asked.add(upstream.name);
    const askedAt = this.#ports.clock.now();
    const load = await learnLoad(kind, this.#asking(upstream));
    this.#asked.delete(upstream.name);
    this.#ports.fleet.noteLoad(upstream.name, load, askedAt);
  }

  #asking(upstream: Upstream): AskServer {
    return async (path) => {
      const answer = await this.#get(upstream, path);
      return 'fault' in answer ? null : answer;
    };
  }

  #get(upstream: Upstream, path: string): Promise<Answer> {
    const { clock, dialer } = this.#ports;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const parts: Uint8Array[] = [];
    let status = 0;
    let bytes = 0;
    const call = dialer.call(
      { method: 'GET', path, headers: { accept: 'application/json' }, body: null },
      {
        dialled: () => {},
        sent: () => {},
        head: (code) => {
          status = code;
        },
        data: (chunk) => {
          bytes += chunk.length;
          if (bytes > bytesMax) call.abort();
          else parts.push(chunk);
        },
        end: () => resolve({ status, body: Buffer.concat(parts).toString('utf8') }),
        failed: (fault) => resolve({ fault }),
      },
      {
        permit: {
          upstream: upstream.name,
          target: null,
          location: upstream.location,
          tier: 'probe',
          policyHash: this.#ports.tables().hash,
        },
        fresh: true,
        connectMs: upstream.clocks.connectMs,
      },
    );
    const cancel = clock.after(replyMs, () => call.abort());
    return promise.finally(cancel);
  }
}

const causes: Readonly<Record<WireFault['cause'], string>> = {
  refused: 'connection refused',
  connect_timeout: 'no connection in time',
  unresolved: 'its name does not resolve',
  wrong_peer: 'it is not where its location says',
  no_permit: 'it may not be dialled under the policy in force',
  tls: 'it could not prove its identity',
  reset: 'it closed the connection',
  closed: 'it closed the connection',
  protocol: 'it does not speak HTTP',
  aborted: 'no answer in time',
};

/** A connection failure in words for people. */
export function causeOf(fault: Pick<WireFault, 'cause'>): string {
  return causes[fault.cause];
}
