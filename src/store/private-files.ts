import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodeOf } from './error-code.ts';
import type { PrivateFiles, StartProblem } from './ports.ts';

/** The small state files of the data folder, mode 0600. */
export function privateFiles(folder: string): PrivateFiles {
  let last: Promise<void> = Promise.resolve();
  return {
    read: (name) => readPrivate(join(folder, name)),
    write: (name, text) => {
      const written = last.then(() => replaceFile(folder, name, text));
      // A failed write is its caller's; those behind it are tried all the same.
      last = written.catch(() => {});
      return written;
    },
  };
}

async function readPrivate(path: string): Promise<{ readonly text: string | null } | StartProblem> {
  try {
    // A link could lead to a file that others write.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const unsafe = unsafeFile(path, await file.stat());
      return unsafe ?? { text: await file.readFile('utf8') };
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT') return { text: null };
    if (code === 'ELOOP') return { problem: `${path} is a link`, remedy: 'put the file itself in its place' };
    return { problem: `${path} cannot be read (${code})`, remedy: 'make it readable for this user, or restore it from a copy' };
  }
}

function unsafeFile(path: string, found: { readonly uid: number; readonly mode: number; isFile(): boolean }): StartProblem | null {
  const user = process.getuid?.();
  if (!found.isFile()) return { problem: `${path} is not a file`, remedy: 'move it away' };
  if (user === undefined) return null;
  if (found.uid !== user)
    return {
      problem: `${path} belongs to another user (id ${found.uid}; this is ${user})`,
      remedy: 'start as that user, or restore the file from a copy',
    };
  if ((found.mode & 0o077) !== 0)
    return { problem: `others may use ${path} (mode ${(found.mode & 0o777).toString(8)})`, remedy: `chmod 600 ${path}` };
  return null;
}

async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const draft = join(folder, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    await writeWhole(draft, text);
    await rename(draft, join(folder, name));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
