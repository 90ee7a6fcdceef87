import { errorCatalog } from './catalog.ts';
import type { ErrorCode, ErrorRow } from './catalog.ts';

/** A refusal or failure as data: what a caller is told, in any dialect. It is returned, not thrown; serialisable for the record. */
export interface GatewayError {
  readonly code: ErrorCode;
  /** What happened, to which machine, since when, and what comes next; one or two sentences, no text of an upstream. */
  readonly message: string;
  /** Which field of the request is wrong, where one is. */
  readonly param: string | null;
  /** When trying again makes sense; null where it does not or nobody knows. */
  readonly retryAfterMs: number | null;
}

/** Makes an error of the catalogue. */
export function gatewayError(
  code: ErrorCode,
  message: string,
  more: { readonly param?: string; readonly retryAfterMs?: number } = {},
): GatewayError {
  return { code, message, param: more.param ?? null, retryAfterMs: more.retryAfterMs ?? null };
}

/** The catalogue's row of an error. */
export function errorRow(error: GatewayError): ErrorRow {
  return errorCatalog[error.code];
}

/** Tells an error from any other value a function may return in its place. */
export function isGatewayError(value: object): value is GatewayError {
  return 'code' in value && 'param' in value && typeof value.code === 'string' && value.code in errorCatalog;
}
