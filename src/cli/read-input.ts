import { readFileSync } from 'node:fs';
import { CliStop, exitCodes } from './exit-codes.ts';

/** The text of a file a person named; `-` is standard input. Stops with one line if it cannot be read. */
export function readInput(file: string): string {
  return readBytes(file).toString('utf8');
}

/** The same as bytes. */
export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : code;
    throw new CliStop(exitCodes.invalid, `${file === '-' ? 'standard input' : file} cannot be read: ${why}`);
  }
}
