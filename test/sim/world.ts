import { createHash } from 'node:crypto';
import { upstreamOf } from '#core/fleet/health.ts';
import type { TargetId, Tier } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { EgressPermit, WireRequest } from '#egress/port.ts';
import { ActiveCalls } from '#gateway/active-calls.ts';
import { BusyMeter } from '#gateway/busy-meter.ts';
import { FleetState } from '#gateway/fleet-state.ts';
import type { House } from '#gateway/house.ts';
import { handle } from '#gateway/pipeline.ts';
import type { ClientWire } from '#gateway/ports.ts';
import { Prober } from '#gateway/prober.ts';
import type { Surface } from '#surfaces/kind.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import type { Happening } from '#telemetry/ports.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import { diceOf } from './random.ts';
import type { Dice } from './random.ts';
import { randomMachines, randomPolicy } from './random-policy.ts';
import type { RandomRequest } from './random-request.ts';
import { slowSlots } from './slow-slots.ts';
import { endlessPatience, randomPatience, VirtualCaller } from './virtual-caller.ts';
import type { Patience } from './virtual-caller.ts';
import { VirtualClock } from './virtual-clock.ts';
import { goodMood, randomMood, VirtualMachine } from './virtual-machine.ts';
import type { MachineCall, MachineSpec } from './virtual-machine.ts';
import { VirtualNetwork } from './virtual-network.ts';
import { watchWaits } from './watch-waits.ts';
import { VirtualLimits, VirtualRecord } from './virtual-record.ts';

/** One request of a world, and everything that became of it. */
export interface Asked {
  readonly number: number;
  readonly id: string;
  readonly request: RandomRequest;
  readonly principal: string;
  readonly profile: string;
  /** The widest tier it may have: the profile's when it came, narrowed by its header. */
  readonly tier: Tier;
  readonly tables: PolicyTables;
  readonly caller: VirtualCaller;
  /** Asked after everything was mended: it must be answered. */
  readonly afterwards: boolean;
  readonly calls: { readonly target: TargetId; readonly at: number; readonly number: number | null }[];
  /** When the conductor was through with it. */
  doneAt: number | null;
  thrown: unknown;
}

/** A planted defect, to show that the checks would see it. */
export interface Plant {
  house?(house: House, dice: Dice): House;
  surface?: Surface;
  /** Takes the caller's connection in its hands. */
  caller?(caller: VirtualCaller): Partial<ClientWire>;
  fleet?: typeof FleetState;
}

/** Machines and a policy that were chosen, in a world where nothing else goes wrong. */
export interface Setup {
  readonly machines: readonly MachineSpec[];
  readonly tables: PolicyTables;
}

/** Everything that can be known of one world: the conductor is the real one, the rest of it is virtual. */
export class World {
  readonly seed: number;
  readonly clock = new VirtualClock();
  readonly machines: readonly VirtualMachine[];
  readonly network: VirtualNetwork;
  readonly record: VirtualRecord;
  readonly limits: VirtualLimits;
  readonly fleet: FleetState;
  readonly prober: Prober;
  readonly house: House;
  readonly asked: Asked[] = [];
  readonly machineCalls: MachineCall[] = [];
  readonly happenings: Happening[] = [];
  readonly violations: string[] = [];
  readonly revoked = new Set<string>();
  /** No new work is taken. */
  closing = false;
  /** Everything was mended, and nothing goes wrong any more. */
  healed = false;
  readonly #plant: Plant;
  readonly #dice: Dice;
  #tables: PolicyTables;
  /** Policies that were in force, and until when. */
  readonly #replaced: { readonly at: number; readonly tables: PolicyTables }[] = [];
  #order = 0;
  #ids = 0;

  constructor(seed: number, plant: Plant = {}, setup: Setup | null = null) {
    this.seed = seed;
    this.#plant = plant;
    this.#dice = diceOf(seed);
    const specs = setup?.machines ?? randomMachines(this.#dice);
    this.machines = specs.map((spec) => new VirtualMachine(spec, setup ? goodMood : randomMood(this.#dice)));
    this.#tables = setup?.tables ?? randomPolicy(specs, this.#dice);
    const { clock } = this;
    this.record = new VirtualRecord(clock, this.#dice.fork());
    this.limits = new VirtualLimits(clock, this.#dice.fork());
    this.network = new VirtualNetwork({
      clock,
      dice: this.#dice.fork(),
      machines: this.machines,
      tables: () => this.#tables,
      watch: {
        called: (permit, request, machine) => this.#called(permit, request, machine),
        reached: (call, permit) => this.#reached(call, permit),
        violation: (what) => void this.violations.push(what),
      },
    });
    const watch = { tell: (happening: Happening): void => void this.happenings.push(happening) };
    const Fleet = slowSlots(plant.fleet ?? FleetState, {
      clock,
      dice: this.#dice.fork(),
      violation: (what) => void this.violations.push(what),
      // A reload may leave fewer slots than were promised.
      poolOf: (target) => (this.#recentPolicies().length > 1 ? null : (this.#tables.targets.get(target)?.pool ?? null)),
    });
    this.fleet = new Fleet(this.#tables, { clock, watch });
    if (setup) this.#calm();
    watchWaits(this.fleet, { clock, violation: (what) => void this.violations.push(what) });
    const house = this.#house(watch);
    this.house = plant.house?.(house, this.#dice.fork()) ?? house;
    this.prober = new Prober({
      tables: () => this.#tables,
      fleet: this.fleet,
      dialer: this.network,
      resolve: () => Promise.resolve(),
      kindOf: (name) => this.house.kindOf(name),
      clock,
    });
  }

  get tables(): PolicyTables {
    return this.#tables;
  }

  get unfinished(): readonly Asked[] {
    return this.asked.filter((each) => each.doneAt === null);
  }

  #house(watch: House['watch']): House {
    return {
      tables: () => this.#tables,
      fleet: this.fleet,
      active: new ActiveCalls(),
      busy: new BusyMeter(),
      dialer: this.network,
      record: this.record,
      limits: this.limits,
      watch,
      clock: this.clock,
      digest: (text) => createHash('sha256').update(text).digest('hex'),
      stillKnown: (principal) => !this.revoked.has(principal.id),
      nextOrder: () => ++this.#order,
      kindOf: (name) => {
        const kind = upstreamKindNamed(name);
        if (!kind) throw new Error(`no kind ${name}`);
        return kind;
      },
      closing: () => this.closing,
    };
  }

  usePolicy(tables: PolicyTables): void {
    this.#replaced.push({ at: this.clock.now(), tables: this.#tables });
    this.#tables = tables;
    this.fleet.usePolicy(tables);
  }

  /** Sends one request on its way. */
  ask(
    request: RandomRequest,
    as: { readonly principal: string; readonly profile: string },
    options: { readonly dice: Dice; readonly afterwards?: boolean; readonly patience?: Patience },
  ): Asked {
    const afterwards = options.afterwards ?? false;
    const patience = options.patience ?? (afterwards ? endlessPatience : randomPatience(options.dice));
    const caller = new VirtualCaller(this.clock, patience);
    const profile = this.#tables.profiles.get(as.profile);
    const own = profile?.tier ?? 'sovereign';
    const asked: Asked = {
      number: request.mark,
      id: `r${this.#ids++}`,
      request,
      ...as,
      tier: request.tier !== null && tierRank(request.tier) < tierRank(own) ? request.tier : own,
      tables: this.#tables,
      caller,
      afterwards,
      calls: [],
      doneAt: null,
      thrown: null,
    };
    this.asked.push(asked);
    caller.onTold = (what): void => this.#told(asked, what);
    const planted = this.#plant.caller?.(caller);
    const incoming = caller.incoming(asked.id, request);
    const client = planted ? { ...bound(caller), ...planted } : caller;
    handle(this.house, this.#plant.surface ?? openaiChatSurface, {
      incoming: { ...incoming, client },
      principal: { id: as.principal, profile: as.profile, operator: false },
    }).then(
      () => void (asked.doneAt = this.clock.now()),
      (error: unknown) => {
        asked.doneAt = this.clock.now();
        asked.thrown = error;
        this.violations.push(`${asked.id}: the conductor threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      },
    );
    return asked;
  }

  /** Mends and undrains everything, so that whatever still does not work is the gatehouse's doing. */
  heal(): void {
    this.healed = true;
    for (const machine of this.machines) {
      machine.door = 'open';
      machine.loading = false;
      machine.mood = goodMood;
      machine.fault = null;
      machine.hidden.clear();
    }
    for (const drain of this.fleet.drains()) this.fleet.setDrain(drain, false);
    this.closing = false;
    this.#calm();
  }

  /** Machines that ignore that their callers left go on for as long as they please; that is not our timer. */
  async rest(): Promise<void> {
    for (const machine of this.machines) machine.rest();
    await this.clock.run({ atMs: this.clock.now(), over: () => false });
  }

  #calm(): void {
    this.network.calm = true;
    this.record.mend();
    this.limits.mend();
  }

  /** What must hold at the moment a byte reaches a caller. */
  #told(asked: Asked, what: VirtualCaller['heard'][number]): void {
    const { begin, end } = this.record.of(asked.id);
    if (what.type !== 'bytes') return;
    if (begin === 'failed' && what.text.includes('"choices"'))
      this.violations.push(`${asked.id}: told ${JSON.stringify(what.text.slice(0, 60))} though its intent was refused`);
    if (begin === 'pending')
      this.violations.push(`${asked.id}: told ${JSON.stringify(what.text.slice(0, 60))} before its intent was durable`);
    const finishes =
      /"finish_reason":"|data: \[DONE\]/.test(what.text) ||
      asked.caller.heard.some((each) => each.type === 'head' && each.status === 200 && each.headers['content-length'] !== undefined);
    if (finishes && begin !== 'none' && end !== 'durable')
      this.violations.push(`${asked.id}: told its end before its terminal was durable (${end})`);
  }

  /** What must hold at the moment of a dial. */
  #called(permit: EgressPermit, request: WireRequest, machine: VirtualMachine | null): void {
    if (permit.target === null) {
      if (request.body !== null) this.violations.push(`a probe of ${permit.upstream} carries a body`);
      return;
    }
    const asked = this.asked.find((each) => each.number === markOf(request));
    if (!asked) return void this.violations.push(`a dial of ${permit.target} belongs to nobody`);
    asked.calls.push({ target: permit.target, at: this.clock.now(), number: null });
    const fail = (what: string): void => void this.violations.push(`${asked.id}: dialled ${permit.target} ${what}`);
    const rank = Math.min(tierRank(asked.tier), tierRank(this.#tables.profiles.get(asked.profile)?.tier ?? 'sovereign'));
    if (machine?.spec.location === 'cloud') {
      if (rank === 0) fail(`outside the house for a ${asked.tier} request`);
      if (this.record.of(asked.id).begin !== 'durable') fail('outside the house before its intent was durable');
    }
    if (this.revoked.has(asked.principal)) fail('for a revoked key');
    const model = machine?.spec.models.find((each) => permit.target === `${machine.spec.name}/${each.name}`);
    if (model && ((asked.request.image && !model.image) || (asked.request.tools && !model.tools))) fail('which does not fit');
    const pool = this.#tables.targets.get(permit.target)?.pool ?? upstreamOf(permit.target);
    const slots = this.#slotsOf(pool);
    // A machine that works on for nobody is only guessed at.
    if (machine?.spec.stopsOnAbort && slots !== null && this.network.working(pool) >= slots) fail(`whose ${slots} slots were all taken`);
  }

  /** The policy in force, and those that were a moment ago. */
  #recentPolicies(): readonly PolicyTables[] {
    return [this.#tables, ...this.#replaced.filter(({ at }) => this.clock.now() - at < 2_000).map(({ tables }) => tables)];
  }

  /** Slots of a pool: a slot that was granted just before a reload is still one. */
  #slotsOf(pool: string): number | null {
    const slots = this.#recentPolicies().map((tables) => tables.pools.get(pool)?.slots ?? null);
    return slots.includes(null) ? null : Math.max(...slots.filter((count) => count !== null));
  }

  #reached(call: MachineCall, permit: EgressPermit): void {
    this.machineCalls.push(call);
    const asked = this.asked.find((each) => each.number === call.mark);
    const last = asked?.calls.findLastIndex((each) => each.target === permit.target && each.number === null) ?? -1;
    if (asked && last >= 0) asked.calls[last] = { target: permit.target ?? '', at: this.clock.now(), number: call.number };
    if (asked && asked.caller.gone !== null) this.violations.push(`${asked.id}: ${permit.target} was asked for a caller who had left`);
    if (permit.target !== `${call.machine.name}/${call.model}`) this.violations.push(`${permit.target} was asked for ${call.model}`);
  }

  /** One hash over everything recorded and told: equal worlds have equal hashes. */
  hash(): string {
    const hash = createHash('sha256');
    for (const each of this.asked)
      hash.update(JSON.stringify([each.id, each.caller.heard, each.caller.gone, each.calls, this.record.of(each.id)]));
    return hash.digest('hex');
  }
}

function markOf(request: WireRequest): number {
  return Number(/#(\d+)#/.exec(String(request.body))?.[1] ?? -1);
}

/** The methods of a caller, bound to it, so that one of them can be replaced. */
function bound(caller: VirtualCaller): ClientWire {
  return {
    head: (status, headers) => caller.head(status, headers),
    write: (bytes) => caller.write(bytes),
    end: () => caller.end(),
    destroy: () => caller.destroy(),
    onGone: (listener) => caller.onGone(listener),
    onDrained: (listener) => caller.onDrained(listener),
  };
}
