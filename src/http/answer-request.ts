import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Endpoint, KnownRequest, OpenRequest } from '#control/endpoint.ts';
import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Principal } from '#core/record/record.ts';
import type { Surface } from '#surfaces/kind.ts';
import type { BodyBudget } from './body-budget.ts';
import { checkHost, checkOrigin } from './check-host.ts';
import { HttpWire } from './client-wire.ts';
import type { Door, ListenerLimits } from './door.ts';
import { matchEndpoint, nearestSurface } from './match-endpoint.ts';
import type { EndpointTable } from './match-endpoint.ts';
import { declaredBytes, readBody } from './read-body.ts';
import { readHeaders } from './read-headers.ts';
import type { Headers } from './read-headers.ts';
import { readTarget } from './read-target.ts';
import type { RequestTarget } from './read-target.ts';
import { writeError, writePlain } from './write-answer.ts';

/** What all requests of a listener share. */
export interface Shared {
  readonly door: Door;
  readonly table: EndpointTable;
  readonly limits: ListenerLimits;
  readonly budget: BodyBudget;
  /** True once the listener is being closed. */
  closing(): boolean;
}

/** One request and its answer on their way. */
interface Exchange {
  readonly shared: Shared;
  readonly arrivedAt: number;
  readonly request: IncomingMessage;
  readonly wire: HttpWire;
  readonly headers: Headers;
  readonly target: RequestTarget;
  readonly surface: Surface;
  readonly requestId: string;
  /** Tells the caller to go on where it waits to be told so (`Expect: 100-continue`). */
  proceed(): void;
}

/** Thrown out of `readBody` when the caller has left: there is nobody to answer any more. */
class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

/**
 * Answers one request: target, host, endpoint, permission, then the endpoint itself, each looked at exactly once. Resolves when the
 * exchange is over; never rejects. Returns its wire, so that a broken connection can tell whether an answer has begun.
 */
export function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: { readonly shared: Shared; readonly expectsContinue: boolean },
): { readonly wire: HttpWire; readonly done: Promise<void> } {
  const { shared } = options;
  const { clock, ids } = shared.door;
  const arrivedAt = clock.now();
  const requestId = ids.requestId();
  const head = readHeaders(request.rawHeaders);
  const headers = isGatewayError(head) ? {} : head.headers;
  const target = readTarget(request.url ?? '');
  const surface = nearestSurface(shared.table, isGatewayError(target) ? '' : target.path);
  // As the server itself understood it, which also holds for a head that is refused.
  const declared = declaredBytes(request.headers);
  const wire = new HttpWire(request, response, {
    clock,
    declaredBytes: declared,
    lingerMs: shared.limits.lingerMs,
    writeStallMs: shared.limits.writeStallMs,
    closing: () => shared.closing(),
  });
  const unusable = isGatewayError(head) ? head : isGatewayError(target) ? target : checkFraming(request);
  if (unusable !== null || isGatewayError(target)) {
    if (unusable) refuse({ shared, wire, surface, requestId }, unusable);
    return { wire, done: wire.closed };
  }
  let waits = options.expectsContinue;
  const proceed = (): void => {
    if (waits) response.writeContinue();
    waits = false;
  };
  const exchange: Exchange = { shared, arrivedAt, request, wire, headers, target, surface, requestId, proceed };
  const run = async (): Promise<void> => {
    try {
      await answer(exchange);
    } catch (error) {
      if (!(error instanceof CallerGone)) fail(exchange, error);
    }
    await wire.closed;
  };
  return { wire, done: run() };
}

async function answer(exchange: Exchange): Promise<void> {
  const { shared, request, headers, target } = exchange;
  const foreign = checkCaller(exchange);
  if (foreign) return refuse(exchange, foreign);
  const matched = matchEndpoint(shared.table, request.method ?? '', target.path);
  if (matched.type === 'refused') return refuse(exchange, matched.error, matched.allow === null ? {} : { allow: matched.allow });
  const { endpoint, rest } = matched;
  if (endpoint.permission === 'anyone') {
    const unfit = checkBody(exchange, endpoint);
    if (unfit) return refuse(exchange, unfit);
    const open: OpenRequest = { rest, query: target.query, headers, bodyText: '' };
    return send(exchange, await endpoint.answer(open));
  }
  const principal = admit(exchange, endpoint);
  if (isGatewayError(principal)) return refuse(exchange, principal);
  const unfit = checkBody(exchange, endpoint);
  if (unfit) return refuse(exchange, unfit);
  await answerKnown(exchange, endpoint, { rest, principal });
}

/** HTTP/1.0 knows no chunks: a reader before us may have seen another request in them (RFC 9112, section 6.1). */
function checkFraming(request: IncomingMessage): GatewayError | null {
  if (request.headers['transfer-encoding'] === undefined || request.httpVersion !== '1.0') return null;
  return gatewayError('invalid_request', 'HTTP/1.0 has no "transfer-encoding"; send a "content-length".');
}

/** Whether the caller means this house at all. */
function checkCaller({ shared, request, headers }: Exchange): GatewayError | null {
  const rule = shared.door.hosts?.();
  if (!rule) return null;
  const foreign = checkHost(headers['host'], rule);
  if (foreign || request.method === 'GET' || request.method === 'HEAD') return foreign;
  return checkOrigin(headers['origin'], headers['host'], rule);
}

/** Who asks, and whether the endpoint is for them. Whatever goes wrong here, nobody comes in. */
function admit({ shared, request, headers, target, requestId }: Exchange, endpoint: Endpoint): Principal | GatewayError {
  let principal: Principal | GatewayError;
  try {
    principal = shared.door.identify({ headers, query: target.query, connection: request.socket });
  } catch (error) {
    shared.door.fault(requestId, error);
    principal = gatewayError('key_unknown', 'The key could not be checked.');
  }
  if (isGatewayError(principal)) return principal;
  if (endpoint.permission !== 'operator' || principal.operator) return principal;
  return gatewayError('scope_denied', 'No key opens this path: it is for the operator, through the gatehouse command on its own machine.');
}

/** What can be said of a body before any of it is read. The kind of body is the endpoint's, never the caller's choice. */
function checkBody({ headers }: Exchange, endpoint: Endpoint): GatewayError | null {
  const takesBody = endpoint.kind === 'surface' || (endpoint.kind === 'plain' && endpoint.bodyBytesMax > 0);
  if (!takesBody) return null;
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && type !== 'application/json') return gatewayError('unsupported_media', 'This path takes JSON only.');
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== 'identity') return gatewayError('unsupported_media', 'This path takes no compressed bodies.');
  const bytesMax = endpoint.kind === 'surface' ? endpoint.surface.maxBodyBytes : endpoint.bodyBytesMax;
  const declared = declaredBytes(headers);
  return declared !== null && declared > bytesMax ? tooLarge(bytesMax) : null;
}

async function answerKnown(
  exchange: Exchange,
  endpoint: Exclude<Endpoint, { permission: 'anyone' }>,
  caller: { readonly rest: string; readonly principal: Principal },
): Promise<void> {
  const { shared, headers, target, wire } = exchange;
  if (endpoint.kind === 'surface') {
    const { requestId, arrivedAt } = exchange;
    const incoming = { requestId, headers, readBody: (bytesMax: number) => takeBody(exchange, bytesMax), client: wire, arrivedAt };
    return shared.door.serve(endpoint.surface, incoming, caller.principal);
  }
  const known: KnownRequest = { ...caller, query: target.query, headers, bodyText: '' };
  if (endpoint.kind === 'events') {
    if (exchange.request.method === 'HEAD') return send(exchange, { status: 200, headers: {}, body: '' });
    wire.endless = true;
    const refusal = endpoint.open(known, wire);
    return refusal ? refuse(exchange, refusal) : undefined;
  }
  if (endpoint.bodyBytesMax === 0) return send(exchange, await endpoint.answer(known));
  const bytes = await takeBody(exchange, endpoint.bodyBytesMax);
  if (bytes === null) return refuse(exchange, tooLarge(endpoint.bodyBytesMax));
  if (isGatewayError(bytes)) return refuse(exchange, bytes);
  const bodyText = decodeUtf8(bytes);
  if (bodyText === null) return refuse(exchange, gatewayError('invalid_request', 'The body is not valid UTF-8.'));
  return send(exchange, await endpoint.answer({ ...known, bodyText }));
}

/** Reads the body; null if it is too large. Throws `CallerGone` where the caller left. */
async function takeBody(exchange: Exchange, bytesMax: number): Promise<Uint8Array | GatewayError | null> {
  const { shared, request, wire, arrivedAt } = exchange;
  exchange.proceed();
  const { budget, limits } = shared;
  const read = await readBody(request, declaredBytes(request.headers), {
    bytesMax,
    idleMs: limits.bodyIdleMs,
    endsAt: arrivedAt + limits.requestMs,
    clock: shared.door.clock,
    budget,
  });
  switch (read.type) {
    case 'read':
      if (read.heldBytes > 0) void wire.closed.then(() => budget.give(read.heldBytes));
      wire.noteBodyRead();
      return read.bytes;
    case 'too_large':
      return null;
    case 'full':
      return gatewayError('rate_limited', 'Too many large requests are under way.', { retryAfterMs: 1_000 });
    case 'slow':
      wire.noteBodyGivenUp();
      return gatewayError('caller_too_slow', 'The body of the request did not arrive in time.');
    case 'left':
      throw new CallerGone('the caller is gone');
  }
}

function send(exchange: Exchange, answered: Parameters<typeof writePlain>[1] | GatewayError): void {
  if ('status' in answered) writePlain(exchange.wire, answered, exchange.requestId);
  else refuse(exchange, answered);
}

function refuse(
  { shared, wire, surface, requestId }: Pick<Exchange, 'shared' | 'wire' | 'surface' | 'requestId'>,
  error: GatewayError,
  headers: Readonly<Record<string, string>> = {},
): void {
  shared.door.refused(error.code);
  writeError(wire, error, { surface, requestId, headers });
}

/** Something threw. The caller learns the id, whoever watches the rest; a half-sent answer is cut so that it cannot look whole. */
function fail(exchange: Exchange, error: unknown): void {
  const { shared, wire, requestId } = exchange;
  shared.door.fault(requestId, error);
  if (wire.headOut) wire.destroy();
  else refuse(exchange, gatewayError('internal', 'The gatehouse could not answer this request.'));
}

function tooLarge(bytesMax: number): GatewayError {
  const size = bytesMax >= 1_000_000 ? `${bytesMax / 1_000_000} MB` : `${bytesMax / 1_000} kB`;
  return gatewayError('too_large', `The body is larger than ${size}.`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
