/** A value of an attribute. Whole numbers are sent as integers. */
export type AttributeValue = string | number | boolean | readonly string[];

export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * One span of OpenTelemetry's data model, ready to be encoded. Ids are lower-case hex of 16 and 8 bytes; times milliseconds since 1970.
 */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  /** `server`: the call as its caller sees it; `client`: what we asked of somebody else. */
  readonly kind: 'server' | 'client' | 'internal';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** What went wrong; null if nothing did. */
  readonly error: string | null;
}

/** Who sends the spans. */
export interface SpanSource {
  readonly version: string;
  /** The house's name. */
  readonly house: string;
}
