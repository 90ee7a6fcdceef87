import { existsSync } from 'node:fs';
import { dataFolderOf, demoFolderOf } from '#cli/data-folder.ts';
import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import type { Shell } from '#cli/shell.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Policy } from '#core/policy/policy.ts';
import { QuestionTooLong } from '#record/asking/question-too-long.ts';
import { openForAsking, policyJson } from '#record/asking/record-reader.ts';
import type { RecordFile } from '#record/asking/record-reader.ts';
import { logPath } from '#record/open-log.ts';

/** A question that looks at every call keeps what the house writes meanwhile from being tidied up: it may take so long. */
const sumsWithinMs = 60_000;

/** Asks for sums over many calls, and says what to do where there are too many. */
export function askForSums<Answer>({ data }: { readonly data?: string }, shell: Shell, ask: (database: RecordFile) => Answer): Answer {
  const until = performance.now() + sumsWithinMs;
  const database = openRecord(data, shell, () => performance.now() < until);
  try {
    return ask(database);
  } catch (error) {
    if (error instanceof QuestionTooLong) throw new CliStop(exitCodes.invalid, error.message);
    throw error;
  } finally {
    database.close();
  }
}

/**
 * Opens the record of a data folder for asking, that of a demo house too; whether a house runs does not matter. `inTime`: whether what is asked may
 * still take its time.
 */
export function openRecord(data: string | undefined, shell: Shell, inTime?: () => boolean): RecordFile {
  const folder = dataFolderOf(data, shell);
  const found = [folder, demoFolderOf(folder)].find((one) => existsSync(logPath(one)));
  if (found === undefined)
    throw new CliStop(
      exitCodes.cannotStart,
      `there is no record in ${folder}; a house that was started keeps one, another folder is named with --data`,
    );
  try {
    return openForAsking(found, inTime);
  } catch (error) {
    throw new CliStop(
      exitCodes.cannotStart,
      `the record in ${found} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The policies that calls were decided under, by their hashes, each read once; null for one that the record does not have. */
export function recordedPolicies(database: RecordFile): (hash: string) => PolicyTables | null {
  const known = new Map<string, PolicyTables | null>();
  return (hash) => {
    const before = known.get(hash);
    if (before !== undefined) return before;
    const json = policyJson(database, hash);
    const policy: Policy | null = json === null ? null : JSON.parse(json);
    const tables = policy === null ? null : tablesOf(policy, hash);
    known.set(hash, tables);
    return tables;
  };
}

/** The policy under which the last call was decided; null if there is none. */
export function latestPolicy(database: RecordFile): PolicyTables | null {
  const start = 'SELECT bytes FROM log WHERE seq = (SELECT start_seq FROM records ORDER BY seq DESC LIMIT 1)';
  const bytes = database.prepare(start).get()?.['bytes'];
  if (!(bytes instanceof Uint8Array)) return null;
  const { policyHash }: { readonly policyHash: string } = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return recordedPolicies(database)(policyHash);
}
