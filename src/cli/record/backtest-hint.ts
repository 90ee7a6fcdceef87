import type { Shell } from '#cli/shell.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { latestPolicy, openRecord } from './open-record.ts';

/** What to try next with a policy that is not the one the house's last call was decided under; null where there is nothing to compare it with. */
export function backtestHint(file: string, { policy, hash }: PolicyTables, shell: Shell): string | null {
  const last = lastPolicy(shell);
  if (last === null || last.hash === hash || last.policy.house !== policy.house) return null;
  return `to see what it would have done to recorded calls: gatehouse backtest ${file}`;
}

function lastPolicy(shell: Shell): PolicyTables | null {
  try {
    const database = openRecord(undefined, shell);
    try {
      return latestPolicy(database);
    } finally {
      database.close();
    }
  } catch (error) {
    // No record, or one that cannot be read, is no fault of the policy.
    if (error instanceof Error) return null;
    throw error;
  }
}
