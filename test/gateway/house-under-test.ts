import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Intent, Principal, Terminal } from '#core/record/record.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { Walk, WalkStep } from '#core/routing/walk.ts';
import { createDialer } from '#egress/dialer.ts';
import type { DialerOptions, HouseDialer } from '#egress/dialer.ts';
import { systemResolver } from '#egress/resolver.ts';
import { ActiveCalls } from '#gateway/active-calls.ts';
import { BusyMeter } from '#gateway/busy-meter.ts';
import { FleetState } from '#gateway/fleet-state.ts';
import type { House } from '#gateway/house.ts';
import { handle } from '#gateway/pipeline.ts';
import type { Clock, Incoming } from '#gateway/ports.ts';
import type { Limits, Said } from '#store/ports.ts';
import type { Surface } from '#surfaces/kind.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import type { Happening } from '#telemetry/ports.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import { FakeClient } from './fake-client.ts';
import type { Answer } from './fake-client.ts';
import { assertWellFormed } from './read-answer.ts';
import { Trail } from './trail.ts';

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly profile?: string;
  readonly principal?: string;
  /** Default: chat. */
  readonly surface?: Surface;
}

/** One request under way, as its caller sees it. */
export interface Asked {
  readonly done: Promise<Answer>;
  readonly client: FakeClient;
  /** Resolves when the conductor is through with it. */
  readonly handled: Promise<void>;
}

export interface HouseOptions {
  readonly clock?: Clock;
  readonly connect?: DialerOptions['connect'];
  readonly limits?: Limits;
}

const realClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after: (delayMs, what) => {
    const timer = setTimeout(what, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Loads a policy text or fails the test with its errors. */
export function tablesFrom(yaml: string): PolicyTables {
  const loaded = loadPolicy(yaml, { file: 'gatehouse.yaml', folder: '/', env: {} });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return tablesOf(loaded.policy, loaded.hash);
}

/** The real conductor over real sockets, with a caller's side and a record that a test can look into and hold up. */
export class HouseUnderTest {
  readonly house: House;
  readonly fleet: FleetState;
  readonly dialer: HouseDialer;
  readonly clock: Clock;
  readonly intents: Intent[] = [];
  readonly terminals: Terminal[] = [];
  readonly #begun = new Map<string, Promise<void>>();
  /** What the record was handed of each request and each reply. */
  readonly asked: (Said | null)[] = [];
  readonly told: (Said | null)[] = [];
  readonly happenings: Happening[] = [];
  readonly trail = new Trail();
  /** What the record does; a promise that is pending holds it up, one that rejects makes it fail. */
  recordBegins: () => Promise<void> = () => Promise.resolve();
  recordEnds: () => Promise<void> = () => Promise.resolve();
  known = true;
  closing = false;
  #tables: PolicyTables;
  #order = 0;
  #unrecorded = 0;
  readonly #asked: Asked[] = [];
  readonly #timers = new Set<() => void>();

  constructor(yaml: string, options: HouseOptions = {}) {
    this.#tables = tablesFrom(yaml);
    this.clock = this.#watched(options.clock ?? realClock);
    const watch = { tell: (happening: Happening): void => void this.happenings.push(happening) };
    this.fleet = new FleetState(this.#tables, { clock: this.clock, watch });
    this.dialer = createDialer({
      upstreams: this.#tables.policy.upstreams,
      keyFor: () => ({}),
      inForce: (permit) => permit.policyHash === this.#tables.hash,
      resolver: systemResolver(),
      after: (delayMs, what) => this.clock.after(delayMs, what),
      onAlarm: (alarm) => watch.tell({ type: 'alarm', upstream: alarm.upstream, message: alarm.message }),
      ...(options.connect ? { connect: options.connect } : {}),
    });
    this.house = {
      tables: () => this.#tables,
      fleet: this.fleet,
      active: new ActiveCalls(),
      busy: new BusyMeter(),
      dialer: this.dialer,
      record: { begin: (intent, said) => this.#begin(intent, said), end: (...end) => this.#end(...end), writable: () => true },
      limits: options.limits ?? { reserve: () => Promise.resolve({ granted: true, settle: () => Promise.resolve() }) },
      watch,
      clock: this.clock,
      digest: (text) => createHash('sha256').update(text).digest('hex'),
      stillKnown: () => this.known,
      nextOrder: () => ++this.#order,
      kindOf: (name) => {
        const kind = upstreamKindNamed(name);
        if (!kind) throw new Error(`no kind ${name}`);
        return kind;
      },
      closing: () => this.closing,
    };
  }

  /** Sends one chat request; what is not said is a short question to `home/chat`. */
  ask(body: object | string = {}, asked: AskOptions = {}): Asked {
    const principal: Principal = {
      id: asked.principal ?? 'k_test',
      profile: asked.profile ?? this.#tables.policy.profiles[0]?.name ?? 'default',
      operator: false,
    };
    const client = new FakeClient(this.trail);
    const whole =
      typeof body === 'string' ? body : JSON.stringify({ model: 'home/chat', messages: [{ role: 'user', content: 'hi' }], ...body });
    const incoming: Incoming = {
      requestId: `req_${randomUUID()}`,
      headers: asked.headers ?? {},
      readBody: (maxBytes) => Promise.resolve(Buffer.byteLength(whole) > maxBytes ? null : Buffer.from(whole)),
      client,
      arrivedAt: this.clock.now(),
    };
    const handled = handle(this.house, asked.surface ?? openaiChatSurface, { incoming, principal });
    handled.catch((error: unknown) => client.fail(error));
    const request = { done: client.done, client, handled };
    this.#asked.push(request);
    return request;
  }

  /** Looks every machine's name up once, as at the start. */
  async resolveAll(): Promise<void> {
    await Promise.all(this.#tables.policy.upstreams.map((upstream) => this.dialer.resolve(upstream.name)));
  }

  /** Swaps the policy, as a reload does. */
  usePolicy(yaml: string): void {
    this.#tables = tablesFrom(yaml);
    this.fleet.usePolicy(this.#tables);
    this.dialer.setUpstreams(this.#tables.policy.upstreams);
  }

  /**
   * What holds after every test: everybody was told something well-formed, one terminal per intent, and no slot, promise, waiter or
   * busy connection is left. The record replays to the same dials.
   */
  async assertAtRest(): Promise<void> {
    const handled = Promise.allSettled(this.#asked.map((asked) => asked.handled));
    assert.notEqual(await Promise.race([handled, pause(3_000, 'late', { ref: false })]), 'late', 'a request is still under way');
    for (let tries = 0; tries < 400 && this.#unrest() !== null; tries++) await pause(5);
    assert.equal(this.#unrest(), null);
    for (const { done } of this.#asked) assertWellFormed(await done);
    const ids = this.terminals.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, 'no request has two terminals');
    assert.equal(this.terminals.length + this.#unrecorded, this.intents.length, 'every intent has its terminal');
    for (const terminal of this.terminals) {
      const intent = this.intents.find(({ id }) => id === terminal.id);
      assert.ok(intent, 'a terminal has its intent');
      assertReplays(intent, terminal);
    }
  }

  /** Calls off every timer and closes every connection. */
  close(): void {
    this.dialer.close();
    for (const cancel of this.#timers) cancel();
  }

  #unrest(): string | null {
    const connections = this.dialer.connections().reduce((sum, { dialling, active }) => sum + dialling + active, 0);
    const left = { slots: this.fleet.slotsInUse(), waiters: this.fleet.waiters.count, connections, promised: this.#promised() };
    return Object.values(left).every((count) => count === 0) ? null : JSON.stringify(left);
  }

  #promised(): number {
    return [...this.#tables.pools.keys()].reduce((sum, pool) => sum + this.fleet.waiters.promised(pool, null), 0);
  }

  /** An end stands behind its start, so it is never durable before it. */
  #begin(intent: Intent, said?: Said): Promise<void> {
    const begun = this.#beginOne(intent, said);
    this.#begun.set(intent.id, begun);
    return begun;
  }

  async #beginOne(intent: Intent, said: Said | undefined): Promise<void> {
    this.asked.push(said ?? null);
    this.trail.push('record.begin');
    await this.recordBegins();
    this.trail.push('record.begun');
    this.intents.push(intent);
  }

  async #end(terminal: Terminal, said?: Said): Promise<void> {
    this.told.push(said ?? null);
    this.trail.push('record.end');
    await this.#begun.get(terminal.id);
    try {
      await this.recordEnds();
    } catch (error) {
      this.#unrecorded++;
      throw error;
    }
    this.trail.push('record.ended');
    this.terminals.push(terminal);
  }

  /** The same clock, with every timer remembered, so that none outlives its test. */
  #watched(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      after: (delayMs, what) => {
        const cancel = clock.after(delayMs, () => {
          this.#timers.delete(cancel);
          what();
        });
        this.#timers.add(cancel);
        return () => {
          this.#timers.delete(cancel);
          cancel();
        };
      },
    };
  }
}

/** The record alone, read back from its JSON, leads the walk to the same dials. */
function assertReplays(intent: Intent, terminal: Terminal): void {
  const { walks, attempts }: Terminal = JSON.parse(JSON.stringify(terminal));
  const { decision }: Intent = JSON.parse(JSON.stringify(intent));
  assert.deepEqual({ ...terminal, walks, attempts }, terminal);
  if (decision === null || decision.plan === null) return;
  let before: Walk | null = null;
  const dialled: string[] = [];
  for (const events of walks) {
    let step: WalkStep = beginWalk(decision.plan, before);
    for (const event of events) {
      if (step.action.do === 'dial') dialled.push(step.action.target);
      if (event.type === 'outcome') assert.equal(step.action.do === 'dial' && step.action.target, event.outcome.target);
      step = stepWalk(decision.plan, step.walk, event);
    }
    before = step.walk;
  }
  for (const { target } of attempts) assert.ok(dialled.includes(target), `${target} was dialled but the replay does not dial it`);
}
