import { Buffer } from 'node:buffer';

import type { Delta, ReplyEvent } from '#core/reply/event.ts';
import type { ReplyIdentity, ReplyTranslator, SurfaceRequest } from '#surfaces/kind.ts';

import { toBase64, toNumbers } from './as-asked.ts';

/** Spells the vectors of any dialect as a list of this API, in the format that was asked for. */
export function embeddingsTranslator(identity: ReplyIdentity, asked: SurfaceRequest): ReplyTranslator {
  const spell = asked.body['encoding_format'] === 'base64' ? toBase64 : toNumbers;
  return {
    event(foreign) {
      return foreign.kind === 'data' ? [listOf(foreign.deltas, identity.model, spell)] : [];
    },
  };
}

function listOf(deltas: readonly Delta[], asked: string, spell: (vector: unknown) => unknown): ReplyEvent {
  const data: object[] = [];
  let model = asked;
  let tokens = 0;
  for (const delta of deltas) {
    if (delta.type === 'vector') data.push({ object: 'embedding', index: delta.choice, embedding: spell(delta.vector) });
    if (delta.type === 'model') model = delta.name;
    if (delta.type === 'usage') tokens = delta.input ?? 0;
  }
  const list = { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  return { raw: Buffer.from(JSON.stringify(list)), kind: 'data', deltas };
}
