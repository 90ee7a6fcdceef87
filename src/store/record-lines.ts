import type { Terminal } from '#core/record/record.ts';
import type { StoreOp } from './ports.ts';

/** The lines of one transaction, each ended by a line feed. */
export interface RecordLines {
  readonly decisions: string;
  readonly failures: string;
  readonly recoveries: string;
}

/** Spells a transaction: one line per step, one per failed attempt of a terminal; recoveries have a file of their own. */
export function recordLines(ops: readonly StoreOp[]): RecordLines {
  return {
    decisions: ops.map(decisionLine).join(''),
    failures: ops.map(failureLines).join(''),
    recoveries: ops.map(recoveryLine).join(''),
  };
}

/** Says that the record could not be written for a while: what happened then was refused and left nothing else. */
export function outageLine(outage: { readonly from: number; readonly until: number; readonly refused: number }): string {
  return line({ type: 'unavailable', ...outage });
}

function decisionLine(op: StoreOp): string {
  switch (op.op) {
    case 'start':
      return line({ type: 'start', ...op.intent });
    case 'terminal':
      return line({ type: 'terminal', ...op.terminal });
    case 'policy':
      return line({ type: 'policy', at: op.at, hash: op.hash });
    case 'score':
    case 'operator': {
      const { op: type, ...step } = op;
      return line({ type, ...step });
    }
    case 'recovery':
      return '';
  }
}

function recoveryLine(op: StoreOp): string {
  if (op.op !== 'recovery') return '';
  const { op: _, ...event } = op;
  return line(event);
}

function failureLines(op: StoreOp): string {
  if (op.op !== 'terminal') return '';
  return op.terminal.attempts
    .filter((attempt) => attempt.result !== 'answered' && attempt.result !== 'cancelled')
    .map((attempt) => failureLine(op.terminal, attempt))
    .join('');
}

function failureLine(terminal: Terminal, attempt: Terminal['attempts'][number]): string {
  return line({
    id: terminal.id,
    at: Math.round(terminal.at - terminal.durationMs + attempt.startedMs),
    target: attempt.target,
    address: attempt.address,
    result: attempt.result,
    verdict: attempt.verdict,
    status: attempt.status,
    detail: attempt.detail,
    ms: Math.round(attempt.endMs),
  });
}

/** JSON has no bare line feed, so a line is a whole entry. */
function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
