import type { ReplyEvent } from './event.ts';

/** A call of a tool that a reply asks for, put together from its pieces. */
export interface ReplyCall {
  readonly choice: number;
  /** Empty where the server gives none. */
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

/** The tool calls of a reply in the order in which they began, whatever dialect it is spelled in. */
export function replyCalls(events: readonly ReplyEvent[]): readonly ReplyCall[] {
  const calls = new Map<string, { readonly choice: number; id: string; name: string; pieces: string[] }>();
  for (const { deltas } of events)
    for (const delta of deltas) {
      if (delta.type !== 'tool') continue;
      const place = `${delta.choice} ${delta.index}`;
      const call = calls.get(place) ?? { choice: delta.choice, id: '', name: '', pieces: [] };
      calls.set(place, call);
      call.id ||= delta.id ?? '';
      call.name ||= delta.name ?? '';
      call.pieces.push(delta.arguments);
    }
  return [...calls.values()].map(({ pieces, ...call }) => ({ ...call, arguments: pieces.join('') }));
}
