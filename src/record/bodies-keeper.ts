import { saidBytes } from '#core/record/told-tape.ts';
import { surfaces } from '#surfaces/registry.ts';
import type { Said } from '#store/ports.ts';

import type { Bodies } from './bodies.ts';
import type { BodyRef } from './bodies-format.ts';
import type { BodyKeeper } from './body-keeper.ts';

/** Keeps what is said in the bodies of the log. */
export function bodyKeeper(bodies: Bodies): BodyKeeper {
  const replyOf = (said: Said): BodyRef => {
    const { capture, streamOf, tooLong } = said;
    if (tooLong !== undefined) return { bytes: tooLong };
    const bytes = saidBytes(said);
    return bodies.keepWhole(streamOf === undefined ? bytes : assembled(bytes, streamOf), capture);
  };
  return {
    request: ({ bytes, capture }) => JSON.stringify(bodies.keepRequest(bytes, capture)),
    reply: (said) => JSON.stringify(replyOf(said)),
  };
}

/** The body that a stream amounts to; the stream itself where its surface is not known any more, or makes nothing of it. */
function assembled(stream: Uint8Array, surfaceName: string): Uint8Array {
  const surface = surfaces.find(({ name }) => name === surfaceName);
  if (!surface) return stream;
  try {
    const reader = surface.dialect.readStream(Number.MAX_SAFE_INTEGER);
    return surface.assemble([...reader.push(stream), ...reader.end()]);
  } catch {
    // A reply of which nothing sensible can be made is still what was told; a call is never refused for it.
    return stream;
  }
}
