import { createHash, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Intent, Principal, Terminal } from '#core/record/record.ts';
import { createDialer } from '#egress/dialer.ts';
import type { HouseDialer } from '#egress/dialer.ts';
import { systemResolver } from '#egress/resolver.ts';
import { FleetState } from '#gateway/fleet-state.ts';
import type { House } from '#gateway/house.ts';
import { handle } from '#gateway/pipeline.ts';
import type { ClientWire, Clock, Incoming } from '#gateway/ports.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import type { Happening } from '#telemetry/ports.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';

/** The real conductor over real sockets, with a caller's side that a test can look at. */
export interface HouseUnderTest {
  readonly house: House;
  readonly fleet: FleetState;
  readonly dialer: HouseDialer;
  readonly intents: Intent[];
  readonly terminals: Terminal[];
  readonly happenings: Happening[];
  /** Set to make the record fail. */
  recordFails: Error | null;
  /** What was done in which order: `record.begin`, `record.end`, `client.head`, `client.write`. */
  readonly trail: string[];
  ask(body: object | string, options?: AskOptions): Asked;
  usePolicy(yaml: string): void;
  close(): void;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly profile?: string;
  readonly principal?: string;
}

/** One request under way, as its caller sees it. */
export interface Asked {
  readonly done: Promise<Answer>;
  /** Resolves when so many writes have reached the caller. */
  wrote(count: number): Promise<void>;
  leave(): void;
  readonly client: FakeClient;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly cut: boolean;
}

export const testClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after: (delayMs, what) => {
    const timer = setTimeout(what, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Loads a policy text or fails the test with its errors. */
export function tablesFrom(yaml: string): PolicyTables {
  const loaded = loadPolicy(yaml, { file: 'gatehouse.yaml', folder: '/', env: { GATEHOUSE_TEST_KEY: 'sk-upstream-test' } });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return tablesOf(loaded.policy, loaded.hash);
}

export async function startHouseUnderTest(yaml: string, options: { readonly clock?: Clock } = {}): Promise<HouseUnderTest> {
  let tables = tablesFrom(yaml);
  const clock = options.clock ?? testClock;
  const happenings: Happening[] = [];
  const watch = { tell: (happening: Happening): void => void happenings.push(happening) };
  const fleet = new FleetState(tables, { clock, watch });
  const dialer = createDialer({
    upstreams: tables.policy.upstreams,
    keyFor: () => ({}),
    inForce: (permit) => permit.policyHash === tables.hash,
    resolver: systemResolver(),
    after: (delayMs, run) => clock.after(delayMs, run),
    onAlarm: (alarm) => watch.tell({ type: 'alarm', upstream: alarm.upstream, message: alarm.message }),
  });
  await Promise.all(tables.policy.upstreams.map((upstream) => dialer.resolve(upstream.name)));
  let order = 0;
  let principal: Principal = { id: 'k_test', profile: tables.policy.profiles[0]?.name ?? 'default', operator: false };
  const under: Omit<HouseUnderTest, 'house'> & { house?: House } = {
    fleet,
    dialer,
    intents: [],
    terminals: [],
    happenings,
    recordFails: null,
    trail: [],
    ask: (body, asked = {}) => ask(body, asked),
    usePolicy: (text) => {
      tables = tablesFrom(text);
      fleet.usePolicy(tables);
      dialer.setUpstreams(tables.policy.upstreams);
    },
    close: () => dialer.close(),
  };
  const house: House = {
    tables: () => tables,
    fleet,
    dialer,
    record: {
      begin: (intent) => {
        under.trail.push('record.begin');
        if (under.recordFails) return Promise.reject(under.recordFails);
        under.intents.push(intent);
        return Promise.resolve();
      },
      end: (terminal) => {
        under.trail.push('record.end');
        if (under.recordFails) return Promise.reject(under.recordFails);
        under.terminals.push(terminal);
        return Promise.resolve();
      },
      writable: () => true,
    },
    limits: { reserve: () => Promise.resolve({ granted: true, settle: () => Promise.resolve() }) },
    watch,
    clock,
    ids: { requestId: () => `req_${randomUUID()}` },
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    stillKnown: () => true,
    nextOrder: () => ++order,
    kindOf: (name) => {
      const kind = upstreamKindNamed(name);
      if (!kind) throw new Error(`no kind ${name}`);
      return kind;
    },
    closing: () => false,
  };
  const ask = (body: object | string, asked: AskOptions): Asked => {
    principal = {
      id: asked.principal ?? 'k_test',
      profile: asked.profile ?? tables.policy.profiles[0]?.name ?? 'default',
      operator: false,
    };
    const client = new FakeClient(under.trail);
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const incoming: Incoming = { headers: asked.headers ?? {}, readBody: () => Promise.resolve(bytes), client, arrivedAt: clock.now() };
    const handled = handle(house, openaiChatSurface, { incoming, principal });
    handled.catch((error: unknown) => client.fail(error));
    return { done: client.done, wrote: (count) => client.wrote(count), leave: () => client.leave(), client };
  };
  return Object.assign(under, { house });
}

/** The caller's connection as plain data. */
export class FakeClient implements ClientWire {
  readonly done: Promise<Answer>;
  /** How many bytes the caller pretends not to have read. */
  waiting = 0;
  readonly #trail: string[];
  readonly #parts: Buffer[] = [];
  readonly #gone: (() => void)[] = [];
  readonly #drained: (() => void)[] = [];
  readonly #watchers: { readonly count: number; readonly resolve: () => void }[] = [];
  #resolve: (answer: Answer) => void;
  #reject: (error: unknown) => void;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};

  constructor(trail: string[]) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#trail = trail;
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.#trail.push('client.head');
    this.#status = status;
    this.#headers = headers;
  }

  write(bytes: Uint8Array | string): number {
    this.#trail.push('client.write');
    this.#parts.push(Buffer.from(bytes));
    for (const watcher of this.#watchers) if (this.#parts.length >= watcher.count) watcher.resolve();
    return this.waiting;
  }

  end(): void {
    this.#trail.push('client.end');
    this.#settle(false);
  }

  destroy(): void {
    this.#trail.push('client.destroy');
    this.#settle(true);
    for (const listener of this.#gone) listener();
  }

  onGone(listener: () => void): void {
    this.#gone.push(listener);
  }

  onDrained(listener: () => void): void {
    this.#drained.push(listener);
  }

  /** The caller hangs up. */
  leave(): void {
    this.#settle(true);
    for (const listener of this.#gone) listener();
  }

  drain(): void {
    this.waiting = 0;
    for (const listener of this.#drained) listener();
  }

  wrote(count: number): Promise<void> {
    if (this.#parts.length >= count) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ count, resolve });
    return promise;
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }

  #settle(cut: boolean): void {
    this.#resolve({ status: this.#status, headers: this.#headers, text: this.text, cut });
  }
}
