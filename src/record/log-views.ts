import type { Terminal } from '#core/record/record.ts';

/** One way to look at the log, as lines of JSON. */
export interface LogView {
  readonly name: string;
  /** What it shows, for the help. */
  readonly shows: string;
  /** The types of entries that it is made from. */
  readonly types: readonly string[];
  /** The lines of one entry of these types, without line feeds; `text` is the entry. */
  readonly lines: (text: string) => readonly string[];
}

/** The views, in the order in which people are told of them. */
export const LOG_VIEWS: readonly LogView[] = [
  {
    name: 'router-decisions',
    shows: 'every call as it began and as it ended, and what the operator changed',
    types: ['start', 'terminal', 'interrupted', 'admin'],
    lines: (text) => (recoveryIn(text) ? [] : [text]),
  },
  {
    name: 'upstream-failures',
    shows: 'every attempt that failed, for whoever looks after the machines',
    types: ['terminal'],
    lines: (text) => attemptLines(text, ({ result }) => result !== 'answered' && result !== 'cancelled'),
  },
  {
    name: 'recovery-events',
    shows: 'how each run of a recover command ended',
    types: ['admin'],
    lines: (text) => recoveryIn(text) ?? [],
  },
  {
    name: 'structured-validation',
    shows: 'every reply that should have been JSON, or vectors of one length, and was not',
    types: ['terminal'],
    lines: (text) => attemptLines(text, ({ verdict }) => verdict === 'not_as_asked'),
  },
];

/** The type of an entry, read from its first bytes; `at` behind it. Null for what is no entry. */
export function entryHead(start: string): { readonly type: string; readonly at: number } | null {
  const found = /^\{"seq":\d+,"type":"([a-z]+)","at":([\d.]+)/.exec(start);
  return found ? { type: found[1] ?? '', at: Number(found[2]) } : null;
}

function recoveryIn(text: string): readonly string[] | null {
  if (!text.includes('"action":"recovery"')) return null;
  const entry: { readonly type: string; readonly action?: string; readonly subject?: string; readonly seq: number } = JSON.parse(text);
  if (entry.type !== 'admin' || entry.action !== 'recovery') return null;
  const { seq: _seq, type: _type, action: _action, subject, ...event } = entry;
  return [JSON.stringify({ ...event, upstream: subject })];
}

function attemptLines(text: string, wanted: (attempt: Terminal['attempts'][number]) => boolean): readonly string[] {
  // Most calls end well; those are not taken apart.
  if (!text.includes('"attempts":[{')) return [];
  const terminal: Terminal = JSON.parse(text);
  return terminal.attempts.filter(wanted).map((attempt) =>
    JSON.stringify({
      id: terminal.id,
      at: Math.round(terminal.at - terminal.durationMs + attempt.startedMs),
      target: attempt.target,
      address: attempt.address,
      result: attempt.result,
      verdict: attempt.verdict,
      status: attempt.status,
      model: attempt.model,
      detail: attempt.detail,
      ms: Math.round(attempt.endMs),
    }),
  );
}
