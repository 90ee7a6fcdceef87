import type { Capture, Profile, Tier } from '#core/policy/policy.ts';
import { tierRank } from '#core/policy/tables.ts';
import type { ReplyEvent } from '#core/reply/event.ts';
import type { Said } from '#store/ports.ts';
import type { GatewayRequest } from './request.ts';

/** How much of what is said in a call is kept: what the profile says, else all of it, but of sovereign calls only hashes. */
export function captureOf(profile: Pick<Profile, 'capture'>, tier: Tier): Capture {
  return profile.capture ?? (tierRank(tier) === 0 ? 'hash' : 'full');
}

/** What the record is handed of a text; undefined where nothing of it is kept. */
export function saidOf(capture: Capture, bytes: Uint8Array): Said | undefined {
  return capture === 'none' ? undefined : { capture, bytes };
}

/** The same of a stream as far as it went out, and of what is about to. */
export function saidInStream(
  { capture, responder, surface }: Pick<GatewayRequest, 'capture' | 'responder' | 'surface'>,
  rest: readonly ReplyEvent[] = [],
): Said | undefined {
  const told = responder.told(rest);
  if (told === null || capture === 'none') return undefined;
  const bytes = told.packed();
  if (bytes === null) return { capture, bytes: new Uint8Array(0), tooLong: told.length };
  return { capture, bytes, packed: true, streamOf: surface.name };
}
