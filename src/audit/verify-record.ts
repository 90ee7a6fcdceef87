import type { KeyObject } from 'node:crypto';
import { keyText, publicKeyFrom } from './chain.ts';
import { checkPages, checkPolicies, checkTables } from './check-file.ts';
import { LogCheck } from './check-log.ts';
import type { LogResult } from './check-log.ts';
import { readOutside } from './check-outside.ts';
import type { Outside } from './check-outside.ts';
import type { Proof, SealKey } from './check-seals.ts';
import { Findings, findingMeanings } from './finding.ts';
import type { Finding, FindingCode } from './finding.ts';
import { identityOf, openRecord } from './open-record.ts';
import type { OpenRecord } from './open-record.ts';

export interface VerifyOptions {
  /** The public key, known from elsewhere than the file; null: the file's own, which proves less. */
  readonly key: KeyObject | null;
  /** A file with the checkpoints that were also written to a second place. */
  readonly checkpoints: string | null;
  readonly progress?: (entries: number) => void;
  /** Called between two transactions. */
  readonly between?: () => void;
  /** Entries that are read in one transaction where a house may be writing. Default: 4,096. */
  readonly chunkEntries?: number;
}

/** What was checked and what was found. */
export interface AuditReport {
  readonly ok: boolean;
  readonly file: string;
  readonly log: string;
  /** The key the signatures were checked with, base64, and where it is from. */
  readonly key: string;
  readonly keyFrom: 'given' | 'file';
  /** Up to which entry the log is proven, and by which checkpoint; null if by none. */
  readonly proven: (Proof & { readonly by: 'outside' | 'inside' }) | null;
  readonly checked: LogResult & {
    readonly policies: number;
    readonly types: Readonly<Record<string, number>>;
    readonly outsideLines: number;
  };
  readonly notes: readonly string[];
  /** How often each thing was found; of each the first 200 are in `findings`. */
  readonly counts: readonly { readonly code: FindingCode; readonly count: number; readonly means: string }[];
  readonly findings: readonly Finding[];
}

const chunkEntriesUnsaid = 4_096;

/** Checks a record. Throws `CannotRead` where there is nothing to check. */
export function verifyRecord(path: string, options: VerifyOptions): AuditReport {
  const record = openRecord(path);
  try {
    const report = check(record, options);
    record.stillTheSame();
    return report;
  } finally {
    record.close();
  }
}

function check(record: OpenRecord, options: VerifyOptions): AuditReport {
  const findings = new Findings();
  const { log, key: named } = identityOf(record);
  const own = publicKeyFrom(named);
  const key = options.key ?? own;
  if (!/^[0-9a-f]{32}$/.test(log)) findings.add('meta', null, `its id is "${log}"`);
  if (own === null) findings.add('meta', null, 'the key it names is none');
  else if (options.key !== null && keyText(options.key) !== named) findings.add('meta', null, 'it names another key than the one given');
  checkPages(record.db, findings);
  record.letGo();
  const { termsThrough } = identityOf(record);
  const seal = { log, key };
  const outside = options.checkpoints === null ? null : readOutside(options.checkpoints, findings, seal);
  const pass = checkTables(record.db, findings) ? runPass(record, findings, { seal, outside, termsThrough, options }) : null;
  const before = pass?.result().before ?? 1;
  const { prunedBefore } = identityOf(record);
  if ((prunedBefore ?? '1') !== String(before)) {
    findings.add('meta', null, `it says that entries before ${prunedBefore ?? '1'} were given up, prune entries say ${before}`);
  }
  const policies = pass === null ? 0 : checkPolicies(record.db, findings, { named: pass.policies, pruned: pass.first > 1 });
  const result = pass?.result() ?? nothing;
  return {
    ok: findings.total === 0,
    file: record.file,
    log,
    key: key === null ? named : keyText(key),
    keyFrom: options.key === null ? 'file' : 'given',
    proven: key === null ? null : provenBy(result),
    checked: { ...result, policies, types: pass?.types ?? {}, outsideLines: outside?.lines ?? 0 },
    notes: notesOf(result, outside, options),
    counts: [...findings.counts].map(([code, count]) => ({ code, count, means: findingMeanings[code] })),
    findings: findings.kept,
  };
}

/** Goes through the log as far as the file can be read. */
function runPass(
  record: OpenRecord,
  findings: Findings,
  {
    options,
    ...known
  }: {
    readonly seal: SealKey;
    readonly outside: Outside | null;
    readonly termsThrough: string | null;
    readonly options: VerifyOptions;
  },
): LogCheck | null {
  const progress = options.progress ?? ((): void => undefined);
  const letGo = (): void => {
    record.letGo();
    options.between?.();
  };
  let pass: LogCheck | null = null;
  try {
    pass = new LogCheck(record.db, {
      ...known,
      findings,
      progress,
      live: record.live,
      letGo,
      chunkEntries: options.chunkEntries ?? chunkEntriesUnsaid,
    });
    pass.run();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    findings.breakChainAt(0);
    findings.add('damaged', null, `the file cannot be read to its end: ${error.message}`);
  }
  return pass;
}

/** The outside copy proves more than a later checkpoint of the file: only its lines are out of reach of whoever has the key. */
function provenBy({ inside, outside }: LogResult): AuditReport['proven'] {
  if (outside !== null) return { ...outside, by: 'outside' };
  return inside === null ? null : { ...inside, by: 'inside' };
}

function notesOf(result: LogResult, outside: Outside | null, options: VerifyOptions): readonly string[] {
  const notes = [...(outside?.notes ?? [])];
  const { calls, first, before, unsigned, inside } = result;
  if (options.key === null) {
    notes.push('the key is the file’s own: whoever can write the file could have put another there; give the one you know with --key');
  }
  if (outside === null) {
    notes.push('no outside copy of checkpoints was given: a log that was cut off after one of its checkpoints looks like this one');
  } else if (result.outside !== null && inside !== null && inside.through > result.outside.through) {
    notes.push(`after that the file’s own checkpoints sign up to entry ${inside.through}; whoever has the key could have made these`);
  }
  if (unsigned > 0) notes.push(`${count(unsigned, 'entry at the end is', 'entries at the end are')} chained and not signed yet`);
  if (first > 1) notes.push(`the log begins with entry ${first}: what was before was given up, as a signed prune entry says`);
  if (first < before) notes.push(`entries before ${before} are being removed; they prove nothing any more`);
  if (calls.startsPruned > 0) {
    notes.push(`the start of ${count(calls.startsPruned, 'call', 'calls')} was pruned; no row is kept of them`);
  }
  if (calls.open > 0) notes.push(`${count(calls.open, 'call is', 'calls are')} not ended: in flight, or the house ended under them`);
  return notes;
}

function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

const nothing: LogResult = {
  entries: 0,
  first: 1,
  last: 0,
  lastAt: 0,
  before: 1,
  calls: { started: 0, open: 0, startsPruned: 0, rows: 0 },
  scores: 0,
  texts: { bodies: 0, nodes: 0, hashOnly: 0, erased: 0 },
  checkpoints: 0,
  unsigned: 0,
  inside: null,
  outside: null,
};
