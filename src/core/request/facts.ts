import type { Modality, Service, Tier } from '#core/policy/policy.ts';

/**
 * What the gatehouse knows of a request: everything a decision may depend on, as one serialisable value that the record keeps. No
 * text of the caller is in it, apart from the words of the policy that were found there.
 */
export interface Facts {
  readonly service: Service;
  /** `model` as the client sent it. */
  readonly model: string;
  /** The `x-gatehouse-route` header. */
  readonly routeHeader: string | null;
  /** `metadata.route` of the body: a hint. */
  readonly routeHint: string | null;
  readonly profile: string;
  /** The profile's tier, narrowed by `x-gatehouse-tier` if the caller asked. */
  readonly tier: Tier;
  readonly stream: boolean;
  /** What the request holds besides text, in the order image, audio, video. */
  readonly input: readonly Modality[];
  /** A non-empty list of tools was sent. */
  readonly tools: boolean;
  /** Answers asked for, where it is more than one. */
  readonly choices?: number;
  /** Estimated tokens of the whole request (see `estimate-tokens.ts`). */
  readonly promptTokens: number;
  /** Output the caller asked for; null if unsaid. Always null where the surface generates no text. */
  readonly outputTokens: number | null;
  /** Which session this belongs to: a stable opaque string; picks the member of a group. */
  readonly session: string;
  /** How the text scored; empty where the words do not decide (a pin, another surface). */
  readonly scores: readonly BucketScore[];
}

/** What the body of a request says. */
export interface AskedFacts extends Pick<Facts, 'model' | 'routeHint' | 'stream' | 'input' | 'tools' | 'promptTokens' | 'outputTokens'> {
  readonly choices: number;
}

/** Puts together what the body says and what is known of the caller: everything but the scores, which depend on it. */
export function unscoredFacts(
  asked: AskedFacts,
  known: Pick<Facts, 'service' | 'routeHeader' | 'profile' | 'tier' | 'session'>,
): Omit<Facts, 'scores'> {
  return {
    service: known.service,
    model: asked.model,
    routeHeader: known.routeHeader,
    routeHint: asked.routeHint,
    profile: known.profile,
    tier: known.tier,
    stream: asked.stream,
    input: asked.input,
    tools: asked.tools,
    ...(asked.choices > 1 ? { choices: asked.choices } : {}),
    promptTokens: asked.promptTokens,
    outputTokens: asked.outputTokens,
    session: known.session,
  };
}

/** One bucket's words that occur in the scored text, in the bucket's order. The score is their count. */
export interface BucketScore {
  readonly bucket: string;
  readonly words: readonly string[];
}
