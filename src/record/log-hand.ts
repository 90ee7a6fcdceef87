import type { LogWriter } from './log-writer.ts';

/** The log as erasing and retention use it: they append to it and take from it. */
export type LogHand = Pick<LogWriter, 'database' | 'logId' | 'transaction' | 'append' | 'sign'>;
