import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { unscoredFacts } from '#core/request/facts.ts';
import type { Facts } from '#core/request/facts.ts';
import { withScores } from '#core/routing/score-request.ts';
import type { Surface, SurfaceRequest } from '#surfaces/kind.ts';
import type { Clock, Digest, Incoming } from '#gateway/ports.ts';
import type { Identified } from './identify.ts';
import type { Received } from './receive.ts';

export interface Classified {
  readonly asked: SurfaceRequest;
  readonly facts: Facts;
  /** The body as it came. */
  readonly bytes: Uint8Array;
}

/** A body larger than this is read in steps, between which everybody else has a turn. */
const stepBytes = 1_000_000;

/** Stage 3: reads the body and makes the facts. Resolves to null if the caller left before it was read. */
export async function classify(
  surface: Surface,
  incoming: Incoming,
  context: {
    readonly received: Received;
    readonly identified: Identified;
    readonly tables: PolicyTables;
    readonly digest: Digest;
    readonly clock: Clock;
  },
): Promise<Classified | GatewayError | null> {
  const bytes = await incoming.readBody(surface.maxBodyBytes).catch(() => 'left' as const);
  if (bytes === 'left') return null;
  if (bytes === null) return gatewayError('too_large', `The body is larger than ${surface.maxBodyBytes / 1_000_000} MB.`);
  if (isGatewayError(bytes)) return bytes;
  const text = decodeUtf8(bytes);
  if (text === null) return gatewayError('invalid_request', 'The body is not valid UTF-8.');
  const large = bytes.length > stepBytes;
  if (large) await turn(context.clock);
  const asked = surface.read(text);
  if (large) await turn(context.clock);
  return isGatewayError(asked) ? asked : { asked, facts: factsOf(asked, surface, context), bytes };
}

function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(0, resolve));
}

/** Puts together what the decision may depend on. Words are looked for only where they can decide. */
export function factsOf(
  asked: SurfaceRequest,
  surface: Pick<Surface, 'service'>,
  {
    received,
    identified,
    tables,
    digest,
  }: { readonly received: Received; readonly identified: Identified; readonly tables: PolicyTables; readonly digest: Digest },
): Facts {
  const unscored = unscoredFacts(asked, {
    service: surface.service,
    routeHeader: received.route,
    profile: identified.profile.name,
    tier: identified.tier,
    session: received.session ?? digest(`${identified.principal.id}\n${asked.systemText}\n${asked.firstUserText}`),
  });
  return withScores(unscored, asked.userTexts, tables);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
