import type { PolicyFile } from '#config/schema.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import type { Json, Script, Step } from '#upstreams/scripted/script.ts';
import type { ServedModel, ServerLoad } from '#upstreams/kind.ts';

/** What a model is to have said, in nobody's dialect. */
export interface Said {
  readonly model: string;
  readonly text?: readonly string[];
  readonly reasoning?: readonly string[];
  /** Arguments in the fragments in which a server may stream them. */
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly arguments: readonly string[] }[];
  readonly usage?: { readonly input: number; readonly output: number };
}

/** What of a caller's request reached the server. */
export interface Received {
  readonly model: Json | undefined;
  readonly stream: boolean;
  /** Names of the tools offered. */
  readonly tools: readonly Json[];
  /** Everything said so far, as text with the role before it. */
  readonly turns: readonly string[];
}

/** How a kind's server makes embeddings. */
export interface Embeds {
  readonly path: string;
  answer(vectors: readonly (readonly number[])[], said: { readonly model: string; readonly tokens: number }): Script;
}

/** How a kind's server says that it will not. Null: it never says so. */
export interface Refusals {
  readonly loading: Script | null;
  readonly busy: Script;
  readonly tooLong: Script;
  readonly absent: Script;
  readonly unauthorised: Script;
  readonly crashed: Script | null;
}

/** One kind's server in its own dialect, for the contract that all kinds keep. */
export interface KindFixture {
  /** What the policy must say of such an upstream besides its address. */
  readonly policy: Partial<PolicyFile['upstreams'][string]>;
  /** The whole answer in the form that was asked for. */
  answer(said: Said, stream: boolean): Script;
  /** The head of a stream and its first events: `text`, and no end. */
  begin(said: Said): readonly Step[];
  /** The bytes of one event with that text, so that it can be cut in two. */
  wordEvent(text: string): string;
  /** An error as an event of a stream under status 200. */
  readonly errorEvent: string;
  /** An error as the whole body of a 200. */
  readonly errorBody: Json;
  readonly refusals: Refusals;
  received(request: RequestLog): Received;
  /** How it makes embeddings; null where it has none. */
  readonly embeds: Embeds | null;
  /** What the server answers to its free probes when it serves `m` and nothing else; any other path is not there. */
  readonly pages: Readonly<Record<string, Json | string>>;
  /** What is learnt of `m` from them; null where the list proves nothing. */
  readonly listed: ServedModel | null;
  /** What is learnt of its work; null where it does not say. */
  readonly load: ServerLoad | null;
  /** The pages of a server that has nothing to do, for kinds that say so only while somebody's work may still run. */
  readonly idlePages?: Readonly<Record<string, Json | string>>;
}

/** A page as a script. */
export function pageScript(page: Json | string | undefined): Script {
  if (page === undefined)
    return [
      { do: 'status', code: 404 },
      { do: 'json', value: { error: 'not found' } },
    ];
  if (typeof page !== 'string') return [{ do: 'json', value: page }];
  return [
    { do: 'header', name: 'content-type', value: 'text/plain' },
    { do: 'body', bytes: page },
  ];
}

/** A text as it is, anything else as JSON. */
export function plain(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
