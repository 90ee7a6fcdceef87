import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { CannotListen } from './listen-place.ts';

/** The kernel's bound on the path of a unix socket, less its terminator. */
const pathBytesMax = 103;

/**
 * Makes sure that a unix socket may be opened at `path`: its folder is this user's alone, and nobody answers there. A socket file
 * that was left behind is removed; any other file is left alone. Throws `CannotListen`.
 */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > pathBytesMax)
    throw new CannotListen(`the path of the operator socket is too long: ${path}; use a shorter data folder`, { taken: false });
  const folder = statSync(dirname(path));
  if ((folder.mode & 0o077) !== 0)
    throw new CannotListen(`others may enter ${dirname(path)}, where the operator socket is: chmod 700 ${dirname(path)}`, { taken: false });
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new CannotListen(`${path} is in the way: it is not a socket`, { taken: false });
  if (await answers(path)) throw new CannotListen(`another gatehouse is running here: it answers at ${path}`, { taken: true });
  unlinkSync(path);
}

/** Whether somebody listens at this path. Only a refusal proves that nobody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(!('code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT'))));
  });
}
