import type { Modality, Model, Service } from '#core/policy/policy.ts';
import type { Refusal } from '#core/attempt/refusal.ts';
import type { Dialect } from '#core/reply/event.ts';
import type { ChatRequest } from '#core/request/chat-request.ts';
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
  /** Where it listens if the policy does not say; without it the policy must. */
  readonly defaultUrl?: string;
  /** What it tells and how it ends work, in words: the table of `docs/upstreams.md` is made of these. */
  readonly says: KindSays;
  /** How it spells replies to chat. Where a caller's surface has another dialect, requests and replies are translated. */
  readonly dialect: Dialect;
  /** How it spells replies of other services, for those it has. */
  readonly otherDialects?: Readonly<Partial<Record<Service, Dialect>>>;
  /** What it can be sent besides text; left out where that is the model's business alone. */
  readonly carries?: readonly Modality[];
  /** It gives one answer to a request, never several (`n`). */
  readonly oneChoice?: true;
  /** It can be told to keep a model loaded for ever (`pinned`). */
  readonly pins?: true;
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
    /** Asked one after the other where `path` does not answer with a catalogue: older releases of the same server. */
    readonly elsePaths?: readonly string[];
    /** The models listed; null if the body is not a catalogue of this kind. */
    read(body: string): readonly ServedModel[] | null;
  };
  /** Asked behind the catalogue where the server says more of its models in another place, at no cost. */
  readonly details?: {
    readonly path: string;
    /** The same models, completed; null if the body says nothing of them. */
    read(body: string, models: readonly ServedModel[]): readonly ServedModel[] | null;
  };
  /** Asks what the server is working on now, at no cost. Where it can say so, a slot whose caller has left comes back as soon as it is idle. */
  readonly load?: {
    readonly path: string;
    /** Being asked counts as use, so that a server that sleeps when idle would stay awake: asked only while somebody's work may still run there. */
    readonly keepsAwake?: true;
    read(body: string): ServerLoad | null;
  };
  /** Asks which release of the server it is, at no cost, where it says so; for people. */
  readonly version?: {
    readonly path: string;
    read(body: string): string | null;
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

/** One clause each, for people: whence the gatehouse knows what it knows of such a server. */
export interface KindSays {
  /** How a model that is being loaded shows. */
  readonly loading: string;
  /** How work under way and waiting shows. */
  readonly queue: string;
  /** Where the true context window comes from. */
  readonly context: string;
  /** How it is known where the data goes. */
  readonly location: string;
  /** What a closed connection does to the work. */
  readonly abort: string;
}

/** What a server is working on, callers of others included. */
export interface ServerLoad {
  readonly running: number;
  /** Accepted but not begun; null if it does not say. */
  readonly waiting: number | null;
  /** Requests it works on at once; null if it does not say. */
  readonly slots: number | null;
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
  /** Whether it is in memory now; left out where the server does not say. One that is not may be loaded by the next request. */
  readonly loaded?: boolean;
}

/** A caller's request on its way to one target. */
export interface UpstreamCall {
  readonly service: Service;
  /** The model's name as the policy writes it for this upstream. */
  readonly model: string;
  /** What the policy says of it. */
  readonly modelPolicy: Pick<Model, 'context' | 'reasoning' | 'pinned'>;
  /** What the body means, for a kind that speaks another dialect than the caller; null on surfaces that are not chat. */
  readonly chat: (() => ChatRequest) | null;
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
