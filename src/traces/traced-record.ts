import { saidBytes } from '#core/record/told-tape.ts';
import type { Intent } from '#core/record/record.ts';
import { LiveMap } from '#core/units/live-map.ts';
import type { RecordSink, Said } from '#store/ports.ts';
import type { EndedCall } from './spans-of-call.ts';

/** What is kept of a call under way until its end is known. */
interface Begun {
  readonly intent: Intent;
  readonly request: string | null;
}

/**
 * A record that also hands over every call once its end is durable. `party`: who takes them, null if nobody does; words are handed over
 * only where it wants them, of calls whose profile captures them in full.
 */
export function tracedRecord(
  record: RecordSink,
  { take, party }: { readonly take: (call: EndedCall) => void; readonly party: () => { readonly text: boolean } | null },
): RecordSink {
  const underWay = new LiveMap<Begun>();
  const textOf = (said: Said | undefined): string | null =>
    said?.capture === 'full' && said.tooLong === undefined && party()?.text === true ? Buffer.from(saidBytes(said)).toString('utf8') : null;
  return {
    begin: (intent, said, options) => {
      if (party() === null) return record.begin(intent, said, options);
      underWay.set(intent.id, { intent, request: textOf(said) });
      const begun = record.begin(intent, said, options);
      // A call whose start is refused has no end.
      begun.catch(() => underWay.take(intent.id));
      return begun;
    },
    end: async (terminal, said) => {
      const begun = underWay.take(terminal.id);
      await record.end(terminal, said);
      if (!begun) return;
      const { intent, request } = begun;
      const streamed = said?.streamOf !== undefined;
      take({ intent, terminal, said: request === null ? null : { request, reply: textOf(said), streamed } });
    },
    hurry: () => record.hurry?.(),
    writable: () => record.writable(),
  };
}
