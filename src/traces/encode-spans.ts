import { PbfWriter } from 'pbf';
import type { AttributeValue, Attributes, Span, SpanSource } from './span.ts';

const spanKinds = { internal: 1, server: 2, client: 3 } as const;
const statusError = 2;

/** Spells spans as an `ExportTraceServiceRequest` of OTLP 1 in protobuf: the one form that Langfuse and Phoenix both take. */
export function encodeSpans(spans: readonly Span[], source: SpanSource): Uint8Array {
  const request = new PbfWriter();
  request.writeMessage(1, writeResourceSpans, { spans, source });
  return request.finish();
}

function writeResourceSpans({ spans, source }: { readonly spans: readonly Span[]; readonly source: SpanSource }, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeResource, {
    'service.name': 'gatehouse',
    'service.version': source.version,
    'service.namespace': source.house,
    // Phoenix sorts by this into projects.
    'openinference.project.name': source.house,
  });
  pbf.writeMessage(2, writeScopeSpans, { spans, version: source.version });
}

function writeResource(attributes: Attributes, pbf: PbfWriter): void {
  writeAttributes(1, attributes, pbf);
}

function writeScopeSpans({ spans, version }: { readonly spans: readonly Span[]; readonly version: string }, pbf: PbfWriter): void {
  pbf.writeMessage(1, writeScope, version);
  for (const span of spans) pbf.writeMessage(2, writeSpan, span);
}

function writeScope(version: string, pbf: PbfWriter): void {
  pbf.writeStringField(1, 'gatehouse');
  pbf.writeStringField(2, version);
}

function writeSpan(span: Span, pbf: PbfWriter): void {
  pbf.writeBytesField(1, bytesOf(span.traceId));
  pbf.writeBytesField(2, bytesOf(span.spanId));
  if (span.parentSpanId !== null) pbf.writeBytesField(4, bytesOf(span.parentSpanId));
  pbf.writeStringField(5, span.name);
  pbf.writeVarintField(6, spanKinds[span.kind]);
  pbf.writeFixed64Field(7, nanosecondsOf(span.startMs));
  pbf.writeFixed64Field(8, nanosecondsOf(span.endMs));
  writeAttributes(9, span.attributes, pbf);
  pbf.writeMessage(15, writeStatus, span.error);
}

function writeStatus(error: string | null, pbf: PbfWriter): void {
  if (error === null) return;
  pbf.writeStringField(2, error);
  pbf.writeVarintField(3, statusError);
}

function writeAttributes(field: number, attributes: Attributes, pbf: PbfWriter): void {
  for (const [key, value] of Object.entries(attributes)) pbf.writeMessage(field, writeKeyValue, { key, value });
}

function writeKeyValue({ key, value }: { readonly key: string; readonly value: AttributeValue }, pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeMessage(2, writeValue, value);
}

function writeValue(value: AttributeValue, pbf: PbfWriter): void {
  if (typeof value === 'string') pbf.writeStringField(1, value);
  else if (typeof value === 'boolean') pbf.writeBooleanField(2, value);
  else if (typeof value !== 'number') pbf.writeMessage(5, writeArray, value);
  else if (Number.isSafeInteger(value)) pbf.writeVarintField(3, value);
  else pbf.writeDoubleField(4, value);
}

function writeArray(values: readonly string[], pbf: PbfWriter): void {
  for (const value of values) pbf.writeMessage(1, writeValue, value);
}

/** To the precision of a double: a quarter of a microsecond. */
function nanosecondsOf(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) * 1_000;
}

function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}
