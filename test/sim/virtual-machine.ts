import { readChatRequest } from '#upstreams/scripted/chat-request.ts';
import type { ChatRequest } from '#upstreams/scripted/chat-request.ts';
import type { FaultCase, Form } from '#upstreams/scripted/faults/fault.ts';
import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import { healthScript, modelListScript } from '#upstreams/scripted/catalogue-script.ts';
import { loadingScript, refusalScript } from '#upstreams/scripted/refusal-script.ts';
import type { Json, Script } from '#upstreams/scripted/script.ts';
import { behaviours, scriptOf, stampedAnswer } from './machine-scripts.ts';
import type { Behaviour, MachineAnswer } from './machine-scripts.ts';
import { playFault } from './play-fault.ts';
import type { Dice } from './random.ts';

export interface VirtualModel {
  readonly name: string;
  readonly context: number;
  readonly image: boolean;
  readonly tools: boolean;
  /** Slots of its own, apart from the machine's. */
  readonly ownSlots: number | null;
}

/** A machine of the world, whatever policies say of it. */
export interface MachineSpec {
  readonly name: string;
  readonly kind: string;
  readonly url: string;
  readonly location: 'house' | 'cloud';
  /** Stops working when the connection closes. */
  readonly stopsOnAbort: boolean;
  readonly models: readonly VirtualModel[];
}

/** One request that reached a machine. */
export interface MachineCall {
  readonly number: number;
  readonly machine: MachineSpec;
  readonly model: string;
  /** The number that the caller hid in its prompt. */
  readonly mark: number;
  /** What it did, or the fault of the catalogue that it played. */
  readonly behaviour: string;
  readonly answer: MachineAnswer;
}

/** How one machine behaves: how likely each thing is, and how slow it may be between two events. */
export interface Mood {
  readonly weights: Readonly<Record<Behaviour, number>>;
  readonly slowMs: number;
  /** What it says about when to try again. */
  readonly retryAfter: string | number | undefined;
}

/** A mood in which nothing goes wrong. */
export const goodMood: Mood = { weights: weightsWith({ answer: 1 }), slowMs: 20, retryAfter: undefined };

/** A mood of its own for one machine of one world. */
export function randomMood(dice: Dice): Mood {
  const slowMs = dice.pick([50, 500, 3_000]);
  const retryAfter = dice.pick([undefined, 0, 1, 3, '1e9', '-4', 'soon']);
  // Some machines have one thing to say to nearly everybody.
  if (dice.chance(0.1))
    return { weights: weightsWith({ answer: 1, [dice.pick(['busy', 'busy', 'loading', dice.pick(behaviours)])]: 10 }), slowMs, retryAfter };
  const good = dice.pick([20, 60, 200]);
  const weights: Partial<Record<Behaviour, number>> = { answer: good };
  for (const behaviour of dice.some(behaviours, 0.5)) if (behaviour !== 'answer') weights[behaviour] = dice.int(1, 4);
  return { weights: weightsWith(weights), slowMs, retryAfter };
}

/** Megabytes of one event take a while to read, and are played by themselves (`faults.test.ts`). */
const tooLarge = ['F52'];

/** What any machine may do by itself, whoever asks it. */
function anyMachinesFaults(form: Form): readonly { readonly name: string; readonly fault: FaultCase }[] {
  return faultCatalog
    .filter(({ id }) => !tooLarge.includes(id))
    .flatMap(({ id, cases }) => cases.map((fault) => ({ name: `${id} ${fault.name}`, fault })))
    .filter(({ fault }) => fault.forms.includes(form) && !fault.door && !fault.client && !fault.names && !fault.kind);
}

function weightsWith(some: Partial<Record<Behaviour, number>>): Record<Behaviour, number> {
  return Object.fromEntries(behaviours.map((behaviour) => [behaviour, some[behaviour] ?? 0])) as Record<Behaviour, number>;
}

/** What a machine is at the moment: its door, its mood, its models. */
export class VirtualMachine {
  readonly spec: MachineSpec;
  /** `unresolved`: its name leads nowhere; `wrong_peer`: it leads somewhere else than it did. */
  door: 'open' | 'refuses' | 'silent' | 'unresolved' | 'wrong_peer' = 'open';
  loading = false;
  mood: Mood;
  /** Plays this case of the catalogue for the next so many requests, whatever its mood. */
  fault: { readonly case: FaultCase; times: number } | null = null;
  readonly hidden = new Set<string>();
  #life = new AbortController();
  #crash: () => void = () => {};

  constructor(spec: MachineSpec, mood: Mood) {
    this.spec = spec;
    this.mood = mood;
  }

  /** Aborted when the process dies. */
  get closing(): AbortSignal {
    return this.#life.signal;
  }

  /** `reset` cuts every connection; the network sets it. */
  onCrash(reset: () => void): void {
    this.#crash = reset;
  }

  /** Stops all that it still works on for nobody; whoever is connected stays so. */
  rest(): void {
    this.#life.abort();
  }

  crash(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#crash();
  }

  /** What it says to `GET path`. */
  look(path: string): Script {
    if (path === '/health') return this.loading ? loadingScript() : healthScript();
    if (path === '/api/version') return [{ do: 'json', value: { version: '0.12.0' } }];
    if (path === '/api/tags' || path === '/api/ps') return [{ do: 'json', value: { models: this.#ollamaModels() } }];
    if (path !== '/v1/models') return refusalScript(404, { error: 'unexpected endpoint' });
    if (this.loading) return loadingScript();
    return modelListScript(this.spec.models.filter((model) => !this.hidden.has(model.name)).map((model) => ({ name: model.name })));
  }

  #ollamaModels(): Json {
    return this.spec.models.map(({ name }) => ({ name: `${name}:latest`, model: `${name}:latest`, details: { family: 'virtual' } }));
  }

  /** What it does with a request for an answer. */
  answer(body: string, number: number, dice: Dice): { readonly call: MachineCall; readonly script: Script } {
    const asked = readChatRequest(JSON.parse(body) as Json);
    if (!asked) throw new Error(`the gatehouse sent no chat request: ${body.slice(0, 200)}`);
    const mark = Number(/#(\d+)#/.exec(body)?.[1] ?? -1);
    const behaviour = this.fault ? 'catalogue' : this.loading ? 'loading' : dice.weighted(this.mood.weights);
    const form: Form = asked.stream ? 'stream' : 'whole';
    const played = behaviour === 'catalogue' ? this.#play({ number, asked, form }, dice) : null;
    const answer = played?.answer ?? stampedAnswer({ number, model: asked.model, tools: asked.tools.length > 0 }, dice);
    const script =
      played?.script ?? scriptOf(behaviour, { asked, answer, slowMs: this.mood.slowMs, retryAfter: this.mood.retryAfter }, dice);
    return {
      call: { number, machine: this.spec, model: asked.model, mark, behaviour: played?.name ?? behaviour, answer },
      script: this.spec.stopsOnAbort ? script : [{ do: 'ignoreAbort' }, ...script],
    };
  }

  /** The fault that it is to play, or any that one machine can play by itself. */
  #play(
    call: { readonly number: number; readonly asked: ChatRequest; readonly form: Form },
    dice: Dice,
  ): { readonly name: string; readonly answer: MachineAnswer; readonly script: Script } {
    const given = this.fault;
    if (given && --given.times <= 0) this.fault = null;
    const { name, fault } = given ? { name: given.case.name, fault: given.case } : dice.pick(anyMachinesFaults(call.form));
    return { name, ...playFault(fault, call, dice) };
  }
}
