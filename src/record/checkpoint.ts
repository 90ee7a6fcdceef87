import { isSigned } from './record-key.ts';
import type { Signer } from './record-key.ts';

/** Says under a signature where the chain stood. */
export interface Checkpoint {
  /** The last entry that it covers, and that entry's hash in hex. */
  readonly through: number;
  readonly head: string;
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly signature: string;
}

/** The place of one log in all its signatures. */
export interface LogName {
  readonly id: string;
  readonly publicKey: string;
}

/** A checkpoint is written after so many entries, or so long after an entry that none covers yet. */
export const checkpointEntries = 1_000;
export const checkpointMs = 60_000;

export function signedCheckpoint(logId: string, place: Omit<Checkpoint, 'signature'>, signer: Signer): Checkpoint {
  return { ...place, signature: signer.sign(checkpointText(logId, place)) };
}

export function isGenuine(checkpoint: Checkpoint, log: LogName): boolean {
  return isSigned(checkpointText(log.id, checkpoint), checkpoint.signature, log.publicKey);
}

/** The text that is signed (docs/record-format.md). */
function checkpointText(logId: string, { through, head, at }: Omit<Checkpoint, 'signature'>): string {
  return `gatehouse checkpoint 1\n${logId}\n${through}\n${head}\n${at}\n`;
}

/** Reads a checkpoint out of an entry; null if it is none. */
export function checkpointOf(entry: Readonly<Record<string, unknown>>): (Checkpoint & { readonly openFrom: number }) | null {
  const { type, through, head, at, openFrom, signature } = entry;
  if (type !== 'checkpoint' || typeof head !== 'string' || typeof signature !== 'string') return null;
  if (typeof through !== 'number' || typeof at !== 'number' || typeof openFrom !== 'number') return null;
  return { through, head, at, openFrom, signature };
}
