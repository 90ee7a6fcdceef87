import { isAbsolute, join, resolve } from 'node:path';
import { CliStop, exitCodes } from './exit-codes.ts';
import type { Shell } from './shell.ts';

/** Where this house keeps what it must remember: `--data`, else `$XDG_DATA_HOME/gatehouse`, else `~/.local/share/gatehouse`. */
export function dataFolderOf(option: string | undefined, shell: Pick<Shell, 'env' | 'cwd'>): string {
  if (option !== undefined) return resolve(shell.cwd, option);
  const { XDG_DATA_HOME: xdg, HOME: home } = shell.env;
  // The XDG rules have relative values ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'gatehouse');
  if (home !== undefined && home !== '') return join(home, '.local', 'share', 'gatehouse');
  throw new CliStop(exitCodes.cannotStart, 'no data folder: neither HOME nor XDG_DATA_HOME is set; give one with --data <folder>');
}

/** The part of the data folder that a demo house uses: its keys are made anew at each start and mean nothing elsewhere. */
export function demoFolderOf(dataFolder: string): string {
  return join(dataFolder, 'demo');
}

/** What a command that is offered for pasting needs so that it finds the same folder. */
export function dataSuffix(option: string | undefined): string {
  if (option === undefined) return '';
  return ` --data ${/^[\w./~-]+$/.test(option) ? option : `'${option.replaceAll("'", "'\\''")}'`}`;
}
