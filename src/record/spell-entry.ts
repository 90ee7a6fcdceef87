import type { Intent, Terminal } from '#core/record/record.ts';
import type { Said, StoreOp } from '#store/ports.ts';
import { endColumns, interruptedColumns } from './projection.ts';
import type { ColumnValue } from './projection.ts';
import type { NewEntry } from './writer-messages.ts';

/** Entries as JSON without their `seq`: first `type` and `at`, then what belongs to the type (docs/record-format.md). */

/** The fields are named one by one: a copy of whatever there is costs several times as much. */
type Entry<Type, Half> = { readonly type: Type } & Half;

export function startEntry({ intent, said }: StoreOp & { readonly op: 'start' }): NewEntry {
  const { at, id, surface, principal, profile, task, session, facts, policyHash, decision } = intent;
  const entry: Entry<'start', Intent> = { type: 'start', at, id, surface, principal, profile, task, session, facts, policyHash, decision };
  return { kind: 'start', text: JSON.stringify(entry), said: alone(said) };
}

/** `call` is what its start gave to the row. */
export function terminalEntry(
  { terminal, said }: StoreOp & { readonly op: 'terminal' },
  call: { readonly columns: readonly ColumnValue[]; readonly startSeq: number },
): NewEntry {
  const entry: Entry<'terminal', Terminal> = {
    type: 'terminal',
    at: terminal.at,
    id: terminal.id,
    durationMs: terminal.durationMs,
    walks: terminal.walks,
    attempts: terminal.attempts,
    result: terminal.result,
    verdict: terminal.verdict,
    status: terminal.status,
    code: terminal.code,
    message: terminal.message,
    servedBy: terminal.servedBy,
    firstByteMs: terminal.firstByteMs,
    usage: terminal.usage,
    usageEstimated: terminal.usageEstimated,
    costNano: terminal.costNano,
    energyMws: terminal.energyMws,
    compareNano: terminal.compareNano,
  };
  return {
    kind: 'terminal',
    text: JSON.stringify(entry),
    columns: [...call.columns, ...endColumns(terminal)],
    startSeq: call.startSeq,
    said: alone(said),
  };
}

export function interruptedEntry(
  end: { readonly at: number; readonly id: string; readonly why: 'restart' | 'record_unavailable' },
  call: { readonly columns: readonly ColumnValue[]; readonly startSeq: number },
): NewEntry {
  const text = JSON.stringify({ type: 'interrupted', ...end });
  return { kind: 'interrupted', text, columns: [...call.columns, ...interruptedColumns], startSeq: call.startSeq };
}

/** Something that was done to the house, or happened to its record. */
export function adminEntry(what: {
  readonly at: number;
  readonly action: string;
  readonly subject: string;
  readonly [more: string]: unknown;
}): NewEntry {
  return { kind: 'admin', text: JSON.stringify({ type: 'admin', ...what }) };
}

/** Every other step. */
export function otherEntry(op: Exclude<StoreOp, { readonly op: 'start' | 'terminal' }>): NewEntry {
  switch (op.op) {
    case 'policy':
      return { kind: 'policy', text: adminEntry({ at: op.at, action: 'policy', subject: op.hash }).text, hash: op.hash, json: op.json };
    case 'operator':
      return adminEntry({ at: op.at, action: op.action, subject: op.subject });
    case 'recovery': {
      const { op: _, at, upstream, ...event } = op;
      return adminEntry({ at, action: 'recovery', subject: upstream, ...event });
    }
    case 'score': {
      const { op: _, at, ...score } = op;
      const { id, name, value, label, source, comment } = score;
      return {
        kind: 'score',
        text: JSON.stringify({ type: 'score', at, id, name, value, label, source, comment }),
        columns: [id, name, value, label, source, comment, at],
      };
    }
  }
}

/** What was said, with bytes that stand alone: on its way to another thread a view takes along all that lies behind it. */
function alone(said: Said | undefined): Said | null {
  if (said === undefined) return null;
  return said.bytes.byteLength === said.bytes.buffer.byteLength ? said : { ...said, bytes: new Uint8Array(said.bytes) };
}
