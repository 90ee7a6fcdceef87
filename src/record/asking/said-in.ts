import type { DatabaseSync } from 'node:sqlite';
import type { RecordRow } from './record-row.ts';
import { storyOf } from './read-call.ts';

/** Whether a text was said in a call, whichever way letters are cased; no, where what was said was not captured. */
export function saidIn(database: DatabaseSync, row: RecordRow, text: string): boolean {
  const bodies = storyOf(database, row)?.bodies;
  const wanted = text.toLowerCase();
  // As JSON spells it: a quote or a line feed in the text has a stroke before it.
  const spelt = JSON.stringify(wanted).slice(1, -1);
  return [bodies?.request, bodies?.reply].some((body) => {
    if (body?.state !== 'kept') return false;
    const said = Buffer.from(body.bytes).toString('utf8').toLowerCase();
    return said.includes(wanted) || said.includes(spelt);
  });
}
