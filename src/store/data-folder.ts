import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { errorCodeOf } from './error-code.ts';
import { lockFolder } from './folder-lock.ts';
import { isStartProblem } from './ports.ts';
import type { PrivateFiles, StartProblem } from './ports.ts';
import { privateFiles } from './private-files.ts';

/** The data folder, held by this process alone until it is closed or the process is gone. */
export interface DataFolder {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly files: PrivateFiles;
  close(): void;
}

/**
 * Opens the data folder, made with mode 0700 if it is not there, and locks it. It is refused if it is somebody else's, if others can look
 * into it, if it is no folder or cannot be written, and while another process holds it.
 */
export async function openDataFolder(path: string): Promise<DataFolder | StartProblem> {
  const real = await makeFolder(path);
  if (typeof real !== 'string') return real;
  const found = await stat(real);
  const unsafe = unsafeFolder(real, found);
  if (unsafe) return unsafe;
  const lock = lockFolder(real);
  if (isStartProblem(lock)) return lock;
  return { path: real, files: privateFiles(real), close: () => lock.release() };
}

async function makeFolder(path: string): Promise<string | StartProblem> {
  try {
    // The mode given to mkdir is cut by the umask; one that takes away the owner's own rights must not make the folder unusable.
    const made = await mkdir(path, { recursive: true, mode: 0o700 });
    if (made !== undefined) await chmod(path, 0o700);
    return await realpath(path);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'EEXIST' || code === 'ENOTDIR')
      return { problem: `the data folder ${path} is not a folder`, remedy: 'move the file away, or name another folder with --data' };
    return { problem: `the data folder ${path} cannot be made (${code})`, remedy: 'make it yourself, or name another folder with --data' };
  }
}

function unsafeFolder(path: string, found: { readonly uid: number; readonly mode: number }): StartProblem | null {
  const user = process.getuid?.();
  if (user === undefined) return null;
  if (found.uid !== user) {
    return {
      problem: `the data folder ${path} belongs to another user (id ${found.uid}; this is ${user})`,
      remedy: 'start as that user, or name another folder with --data',
    };
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    return { problem: `others can look into the data folder ${path} (mode ${mode})`, remedy: `chmod 700 ${path}` };
  }
  return null;
}
