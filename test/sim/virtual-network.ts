import type { PolicyTables } from '#core/policy/tables.ts';
import { permitRefusal } from '#egress/permit.ts';
import type { Dialer, EgressPermit, WireCall, WireFault, WireHandler, WireRequest } from '#egress/port.ts';
import { runScript } from '#upstreams/scripted/run-script.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { HttpReplyReader } from './http-reply-reader.ts';
import type { Dice } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { MachineCall, VirtualMachine } from './virtual-machine.ts';

/** What the network tells whoever watches over the world. */
export interface NetworkWatch {
  /** A call was made, before anything of it left. */
  called(permit: EgressPermit, request: WireRequest, machine: VirtualMachine | null): void;
  /** A request for an answer reached a machine and is now being worked on, beside `working` others of the same target's pool. */
  reached(call: MachineCall, permit: EgressPermit): void;
  violation(what: string): void;
}

interface NetworkPorts {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly machines: readonly VirtualMachine[];
  tables(): PolicyTables;
  readonly watch: NetworkWatch;
}

type CallOptions = Parameters<Dialer['call']>[2];

/** A network without sockets: the contract of the dialer, on the virtual clock, to virtual machines. */
export class VirtualNetwork implements Dialer {
  readonly ports: NetworkPorts;
  /** Idle connections kept alive, by machine; true for one that the machine has closed meanwhile. */
  readonly idle = new Map<VirtualMachine, boolean[]>();
  readonly #open = new Set<VirtualCall>();
  /** Connections no longer go stale. */
  calm = false;
  #calls = 0;

  constructor(ports: NetworkPorts) {
    this.ports = ports;
    for (const machine of ports.machines) {
      this.idle.set(machine, []);
      machine.onCrash(() => {
        this.idle.set(
          machine,
          (this.idle.get(machine) ?? []).map(() => true),
        );
        for (const call of this.#open) if (call.machine === machine) call.reset();
      });
    }
  }

  call(request: WireRequest, handler: WireHandler, options: CallOptions): WireCall {
    const upstream = this.ports.tables().upstreams.get(options.permit.upstream);
    const machine = this.ports.machines.find((each) => each.spec.url === upstream?.url) ?? null;
    this.ports.watch.called(options.permit, request, machine);
    const call: VirtualCall = new VirtualCall(this, {
      request,
      handler,
      options,
      machine,
      number: this.#calls++,
      over: () => this.#open.delete(call),
    });
    this.#open.add(call);
    queueMicrotask(() => call.start());
    return call;
  }

  /** Calls of a pool that a machine is still at work on. */
  working(pool: string): number {
    const tables = this.ports.tables();
    return [...this.#open].filter((call) => call.working && poolOf(call.permit, tables) === pool).length;
  }

  /** Sockets that are open now; a machine may go on for nobody behind a closed one. */
  get openCalls(): number {
    return [...this.#open].filter((call) => !call.finished).length;
  }
}

function poolOf(permit: EgressPermit, tables: PolicyTables): string {
  return tables.targets.get(permit.target ?? '')?.pool ?? permit.upstream;
}

interface CallParts {
  readonly request: WireRequest;
  readonly handler: WireHandler;
  readonly options: CallOptions;
  readonly machine: VirtualMachine | null;
  readonly number: number;
  /** The connection is closed and the machine has stopped. */
  readonly over: () => void;
}

/** One call: its connection, the machine's script at the other end, and what is on its way between them. */
class VirtualCall implements WireCall {
  readonly machine: VirtualMachine | null;
  readonly permit: EgressPermit;
  /** The machine is at work on it, whether or not anybody still listens. */
  working = false;
  readonly #network: VirtualNetwork;
  readonly #parts: CallParts;
  readonly #reader = new HttpReplyReader();
  readonly #left = new AbortController();
  readonly #inbox: (() => void)[] = [];
  readonly #latencyMs: number;
  #finished = false;
  #paused = false;
  #scriptOver = true;
  #cut = false;

  constructor(network: VirtualNetwork, parts: CallParts) {
    this.#network = network;
    this.#parts = parts;
    this.machine = parts.machine;
    this.permit = parts.options.permit;
    this.#latencyMs = network.ports.dice.int(0, 4);
  }

  get finished(): boolean {
    return this.#finished;
  }

  start(): void {
    const { clock, dice, watch } = this.#network.ports;
    const tables = this.#network.ports.tables();
    if (this.#finished) return;
    const upstream = tables.upstreams.get(this.permit.upstream);
    const refusal =
      upstream && this.machine ? permitRefusal(this.permit, upstream, (permit) => permit.policyHash === tables.hash) : 'no such upstream';
    if (refusal !== null) return this.#fail('no_permit', refusal);
    const machine = this.machine;
    if (!machine) return watch.violation('a permit opened a machine that is not there');
    const idle = this.#parts.options.fresh ? undefined : this.#network.idle.get(machine)?.pop();
    if (idle !== undefined) return this.#connected({ reused: true, stale: !this.#network.calm && (idle || dice.chance(0.05)) });
    const cancelTimeout = clock.after(this.#parts.options.connectMs, () => this.#fail('connect_timeout', 'nobody accepted'));
    const cancelConnect = clock.after(dice.int(0, 8), () => {
      if (machine.door === 'silent') return;
      cancelTimeout();
      if (machine.door === 'refuses') this.#fail('refused', 'ECONNREFUSED');
      else if (machine.door !== 'open') this.#fail(machine.door, 'its address moved');
      else this.#connected({ reused: false, stale: false });
    });
    this.#left.signal.addEventListener('abort', () => {
      cancelTimeout();
      cancelConnect();
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    queueMicrotask(() => {
      while (!this.#paused && this.#inbox.length > 0) this.#inbox.shift()?.();
    });
  }

  abort(): void {
    this.#fail('aborted', 'aborted');
  }

  /** The machine's process died. */
  reset(): void {
    this.working = false;
    if (this.#scriptOver && this.#finished) return this.#parts.over();
    this.#send(() => this.#fail('reset', 'ECONNRESET'), true);
  }

  #connected({ reused, stale }: { readonly reused: boolean; readonly stale: boolean }): void {
    const { clock, dice } = this.#network.ports;
    if (this.#finished) return;
    this.#tell((handler) => handler.dialled({ address: `10.0.0.9:${this.#parts.number}`, reused }));
    clock.after(dice.int(0, 2), () => {
      if (this.#finished) return;
      this.#tell((handler) => handler.sent());
      if (stale) clock.after(this.#latencyMs, () => this.#fail(dice.chance(0.5) ? 'reset' : 'closed', 'a stale connection'));
      else void this.#serve();
    });
  }

  async #serve(): Promise<void> {
    const machine = this.machine;
    if (!machine || this.#finished) return;
    if (machine.door !== 'open') return this.#fail('reset', 'gone while it was connected');
    const { watch, clock } = this.#network.ports;
    const script = this.#scriptFor(machine);
    this.#scriptOver = false;
    await runScript(
      script,
      {
        wire: {
          write: (bytes, signal) => this.#write(bytes, signal),
          end: () => this.#send(() => this.#closed(), false),
          reset: () => this.#send(() => this.#fail('reset', 'ECONNRESET'), true),
        },
        clock: clock.forScripts,
        left: this.#left.signal,
        closing: machine.closing,
        gate: () => Promise.resolve(),
        stall: (signal) => stalled(signal),
        onReplyEnd: () => {
          this.working = false;
        },
      },
      { close: false },
    ).catch((error: unknown) => watch.violation(`the machine's script failed: ${String(error)}`));
    this.#scriptOver = true;
    this.working = false;
    if (this.#finished) this.#parts.over();
  }

  #scriptFor(machine: VirtualMachine): Script {
    const { dice, watch } = this.#network.ports;
    const { request, number } = this.#parts;
    if (request.method === 'GET') return machine.look(request.path);
    const { call, script } = machine.answer(String(request.body), number, dice.fork());
    this.working = true;
    watch.reached(call, this.permit);
    return script;
  }

  async #write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (this.#finished || signal.aborted) return;
    // Whoever has said its terminator has nothing left to do, even if it keeps the connection.
    if (Buffer.from(bytes).includes('data: [DONE]')) this.working = false;
    const { dice } = this.#network.ports;
    const taken = Promise.withResolvers<void>();
    const at = bytes.length > 1 && dice.chance(0.3) ? dice.int(1, bytes.length - 1) : bytes.length;
    if (at < bytes.length) this.#send(() => this.#take(bytes.subarray(0, at)), false);
    this.#send(() => {
      this.#take(bytes.subarray(at === bytes.length ? 0 : at));
      taken.resolve();
    }, false);
    signal.addEventListener('abort', () => taken.resolve(), { once: true });
    await taken.promise;
  }

  /** Something on its way to us: in order, after the latency of this connection; a reset overtakes what was not read. */
  #send(what: () => void, overtakes: boolean): void {
    this.#network.ports.clock.after(this.#latencyMs, () => {
      if (this.#finished || this.#cut) return;
      if (overtakes) {
        this.#cut = true;
        this.#inbox.length = 0;
        what();
      } else if (this.#paused || this.#inbox.length > 0) this.#inbox.push(what);
      else what();
    });
  }

  #take(bytes: Uint8Array): void {
    for (const piece of this.#reader.push(bytes)) {
      if (this.#finished) return;
      if (piece.type === 'head') this.#tell((handler) => handler.head(piece.status, piece.headers));
      else if (piece.type === 'data') this.#tell((handler) => handler.data(piece.bytes));
      else if (piece.type === 'bad') this.#fail('protocol', piece.why);
      else this.#end();
    }
  }

  #closed(): void {
    if (this.#finished) return;
    if (this.#reader.closed()) this.#end();
    else this.#fail('closed', 'closed before the reply was whole');
  }

  #end(): void {
    const { dice } = this.#network.ports;
    if (this.machine && this.machine.door === 'open' && !this.#reader.closed())
      this.#network.idle.get(this.machine)?.push(dice.chance(0.05));
    this.#finish();
    this.#guarded(() => this.#parts.handler.end());
  }

  #fail(cause: WireFault['cause'], message: string): void {
    if (this.#finished) return;
    this.#finish();
    const receivedBytes = this.#reader.receivedBytes;
    queueMicrotask(() => this.#guarded(() => this.#parts.handler.failed({ cause, message, receivedBytes })));
  }

  #finish(): void {
    this.#finished = true;
    if (this.machine?.spec.stopsOnAbort === true || this.#scriptOver) this.working = false;
    this.#left.abort();
    if (this.#scriptOver) this.#parts.over();
  }

  #tell(what: (handler: WireHandler) => void): void {
    if (!this.#finished) this.#guarded(() => what(this.#parts.handler));
  }

  #guarded(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#network.ports.watch.violation(`a handler threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      this.#fail('aborted', 'the handler failed');
    }
  }
}

function stalled(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
