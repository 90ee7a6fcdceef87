/**
 * The compiled policy: what one policy file means, as plain serialisable data. `config/` makes it, everything else reads it.
 * Second names are resolved, entries are targets, sizes are tokens, durations milliseconds, money nano-units. Secrets are not in
 * it, so it can be hashed, recorded and shown. Arrays keep the order of the file wherever order has a meaning.
 */
export interface Policy {
  readonly version: 1;
  /** The house's name; clients see `<house>/auto`, `<house>/<route>`. */
  readonly house: string;
  /** `host:port` or `[v6]:port`, one or more. */
  readonly listen: readonly string[];
  /** Host names accepted in a `Host` header; null means the default (localhost, IP literals, the machine's name). */
  readonly hosts: readonly string[] | null;
  /** Names of the tags whose blocks are taken out of user messages before they are scored. */
  readonly injected: readonly string[];
  readonly upstreams: readonly Upstream[];
  readonly routes: readonly Route[];
  /** Second names of routes (`fast: vision`). */
  readonly secondNames: readonly { readonly name: string; readonly route: string }[];
  /** Buckets in file order; null if the policy has no `classify`. Exactly one has neither words nor image. */
  readonly buckets: readonly Bucket[] | null;
  readonly profiles: readonly Profile[];
  readonly guarantees: readonly Guarantee[];
  /** What calls are reckoned with; left out where the policy names neither tariff nor currency. */
  readonly cost?: Tariff;
  /** How the record is kept; left out where the policy does not say. */
  readonly record?: RecordPolicy;
  /** Where traces of calls are sent; left out: nowhere. */
  readonly traces?: TracesParty;
}

/** How the record is kept. Null: as if unsaid. */
export interface RecordPolicy {
  /** Path of a file outside the data folder to which every checkpoint is also written. */
  readonly checkpoints: string | null;
  /** Whether the log is also written as files of lines in the data folder. */
  readonly files: boolean;
  /** How long entries and bodies are kept, in milliseconds. */
  readonly keepMs: number | null;
  /** How large the record may grow, in bytes. */
  readonly maxBytes: number | null;
}

/** How much of what is said the record keeps: the texts, a hash of them that cannot be tried against, or nothing. */
export type Capture = 'full' | 'hash' | 'none';

/** Where data goes: into the house, or out of it. */
export type Location = 'house' | 'cloud';

/** How far a caller's data may travel. Ordered from narrow to wide by `tierRank`. */
export type Tier = 'sovereign' | 'coordination' | 'local-first' | 'cloud-explicit';

/** What a model can take in besides text. */
export type Modality = 'image' | 'audio' | 'video';

/** What a model is for; a surface asks for one of these. */
export type Service = 'chat' | 'embeddings' | 'rerank' | 'transcription' | 'speech' | 'images';

/** `upstream/model`, split at the first slash. */
export type TargetId = string;

/** The clocks of one upstream, in milliseconds. */
export interface Clocks {
  readonly connectMs: number;
  readonly loadMs: number;
  readonly firstTokenMs: number;
  readonly idleMs: number;
  readonly replyMs: number;
  readonly totalMs: number;
}

export interface Upstream {
  readonly name: string;
  /** A kind of the upstream registry. */
  readonly kind: string;
  /** Origin and optional base path, no trailing slash. */
  readonly url: string;
  readonly location: Location;
  /** Requests it can work on at once, shared by its models; null means unlimited (cloud only). */
  readonly slots: number | null;
  /** The upstream whose slots these are, where two upstreams have one origin; else its own name. */
  readonly slotsOf: string;
  readonly clocks: Clocks;
  /** Stream from the upstream for callers who did not ask for a stream; null means as the kind says. */
  readonly assemble: boolean | null;
  /** What the machine draws while it works, in watts; left out where the policy does not say. */
  readonly watts?: number;
  /** The command that may bring the machine back; started only by the operator or the watchdog. */
  readonly recover: readonly string[] | null;
  readonly models: readonly Model[];
}

export interface Model {
  readonly name: string;
  /** Where its requests go; `cloud` if the upstream is, or if its name says so to its kind. */
  readonly location: Location;
  readonly serves: Service;
  /** Window in tokens, prompt and output together; null means no bound is known. */
  readonly context: number | null;
  readonly input: readonly Modality[];
  readonly tools: boolean;
  readonly reasoning: boolean;
  /** Slots of its own, apart from the upstream's; null means it shares the upstream's. */
  readonly slots: number | null;
  readonly price: Price | null;
  readonly pinned: boolean;
  /** Its server gives one answer to a request, never several. */
  readonly oneChoice?: true;
}

/** Who collects traces. */
export interface TracesParty {
  /** Base address of an OTLP receiver: origin and optional path, no trailing slash, without `/v1/traces`. */
  readonly url: string;
  readonly location: Location;
  /** The user of basic authorisation; null where the key alone is a bearer's. */
  readonly user: string | null;
  /** The words of calls go there too, where profile and tier let them. */
  readonly text: boolean;
}

/** What the party of the traces is called at the dialer and among the secrets; no upstream can have this name. */
export const tracesPartyName = ':traces';

/** What a house reckons with. Money is integer nano-units of `currency`. */
export interface Tariff {
  /** As written in the policy (`EUR`); for people only. */
  readonly currency: string;
  /** What a kilowatt-hour costs; null if the policy does not say. */
  readonly perKwhNano: number | null;
  /** The price that answers of the house are compared with: what the same would have cost in a cloud. */
  readonly compare: Price | null;
}

/** Nano-units of the policy's currency per million tokens. */
export interface Price {
  readonly inputNano: number;
  readonly outputNano: number;
  readonly cachedInputNano: number | null;
}

export interface Route {
  readonly name: string;
  /** One target, or the members of a group. */
  readonly target: readonly TargetId[];
  readonly spill: readonly TargetId[];
  readonly failover: readonly TargetId[];
}

export interface Bucket {
  readonly name: string;
  /** A route's own name (second names are resolved). */
  readonly route: string;
  /** Normalised for comparison (see `classify/words.ts`), in file order, without duplicates. */
  readonly words: readonly string[];
  readonly image: boolean;
  /** Rising sizes in tokens; the largest that the prompt exceeds names the route. */
  readonly above: readonly { readonly tokens: number; readonly route: string }[];
}

export interface Profile {
  readonly name: string;
  readonly tier: Tier;
  /** Routes it may use, by their own names; null means all. */
  readonly routes: readonly string[] | null;
  /** How long a busy target is waited for before failover. */
  readonly waitMs: number;
  /** `never`: the target or an error. */
  readonly fallback: 'lists' | 'never';
  readonly exhausted: Exhausted;
  readonly reasoning: 'hold' | 'release';
  /** The head of a stream goes out after this long without an answer. */
  readonly headAfterMs: number;
  readonly commit: 'answer' | 'end';
  /** What the record keeps of what is said; left out: `full`, of sovereign calls `hash`. */
  readonly capture?: Capture;
}

/** What happens when a walk ends without an answer and the request could have been served. */
export type Exhausted =
  | { readonly type: 'error' }
  | { readonly type: 'queue'; readonly maxMs: number }
  | { readonly type: 'reply'; readonly json: Json };

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Guarantee {
  readonly name: string;
  readonly when: { readonly profile: string | null; readonly tier: Tier | null; readonly route: string | null };
  /** Upstreams, targets or `cloud`. Exactly one of `only` and `never` is set. */
  readonly only: readonly string[] | null;
  readonly never: readonly string[] | null;
}
