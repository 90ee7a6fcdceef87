import type { Modality, Service } from '#core/policy/policy.ts';
import type { Refusal } from '#core/attempt/refusal.ts';
import type { Dialect } from '#core/reply/event.ts';
import type { Span } from '#core/request/json-members.ts';
import type { WireRequest } from '#egress/port.ts';

/**
 * What the gatehouse must know of one kind of model server. One file (or table row) and one registry line each; shared code asks
 * the descriptor and never its name.
 */
export interface UpstreamKind {
  /** The word in the policy's `kind:`. */
  readonly name: string;
  /** One line for people: which server this is. */
  readonly title: string;
  /** True where the name says nothing about where data goes, so that the policy must. */
  readonly locationMustBeSaid: boolean;
  /** How it spells replies to chat. */
  readonly dialect: Dialect;
  /** Whether closing the connection stops the work; where it does not, a lease stays a zombie and short answers are assembled from streams. */
  readonly honoursAbort: boolean;
  /** True if the kind knows this model's name as one that runs in a cloud, whatever host serves it. */
  isCloudModel(model: string): boolean;
  /** Headers that carry the upstream's key. */
  authorise(key: string): Readonly<Record<string, string>>;
  /** Asks for liveness at no cost: never loads a model. */
  readonly probe: {
    readonly path: string;
    read(status: number, body: string): ProbeResult;
  };
  /** Asks what is served now, at no cost. */
  readonly catalogue: {
    readonly path: string;
    /** Asked instead where `path` does not answer with a catalogue: older releases of the same server. */
    readonly elsePath?: string;
    /** The models listed; null if the body is not a catalogue of this kind. */
    read(body: string): readonly ServedModel[] | null;
  };
  /**
   * The place in a caller's body by which he would make this server reach out or load what the policy does not name (a template, an
   * adapter, a host), such as `chat_template_kwargs.chat_template`: the request is refused, naming it. Null if there is none. Text, tool
   * arguments and schemas are not looked at. `prepare` takes such fields out besides, so that none is ever sent.
   */
  reachingField(body: Readonly<Record<string, unknown>>): string | null;
  /** The request to send for a caller's request. */
  prepare(call: UpstreamCall): PreparedRequest;
  /** What a reply that is not a success means. `body` holds at most its first 64 kB. */
  readRefusal(status: number, headers: Readonly<Record<string, string>>, body: string): Refusal;
}

export type ProbeResult = { readonly state: 'up' | 'loading' } | { readonly state: 'down'; readonly why: string };

/** One model as its server lists it; null where the server does not say. */
export interface ServedModel {
  readonly name: string;
  readonly context: number | null;
  readonly input: readonly Modality[] | null;
  readonly tools: boolean | null;
  readonly service: Service | null;
  /** The server says the model runs elsewhere. */
  readonly remote: boolean;
  /** Requests the server works on at once for this model. */
  readonly slots: number | null;
}

/** A caller's request on its way to one target. */
export interface UpstreamCall {
  readonly service: Service;
  /** The model's name as the policy writes it for this upstream. */
  readonly model: string;
  /** The body as the caller sent it, valid JSON with an object on top. */
  readonly bodyText: string;
  /** The same, parsed. Not to be changed. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Where each top-level value stands in `bodyText`. */
  readonly spans: ReadonlyMap<string, Span>;
  /** Whether the reply shall be streamed (the caller asked, or it is assembled). */
  readonly stream: boolean;
  /** The caller's tier keeps its data in the house: server-side tools that reach out are taken out. */
  readonly houseOnly: boolean;
  /** Why this target was chosen, in one line: for servers that show it. */
  readonly why: string;
  /** Tokens the model may use beyond the prompt; for servers that need an explicit bound. */
  readonly outputTokensMax: number | null;
}

export interface PreparedRequest {
  readonly request: WireRequest;
  /** What was added, changed or dropped besides `model`, for the record: `max_tokens added: 4096`. */
  readonly changes: readonly string[];
}
