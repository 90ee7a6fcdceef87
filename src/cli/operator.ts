import { existsSync } from 'node:fs';
import { askOperator, operatorSocketPath, OperatorUnreachable } from '#egress/operator-socket.ts';
import type { OperatorReply, OperatorRequest } from '#egress/operator-socket.ts';
import { demoFolderOf } from './data-folder.ts';
import { CliStop, exitCodes } from './exit-codes.ts';

/** Asks the running house; stops with one line if it does not run. A demo house is found by itself. */
export async function ask(dataFolder: string, request: OperatorRequest): Promise<OperatorReply> {
  const reply = await askIfRunning(dataFolder, request);
  if (reply === null)
    throw new CliStop(exitCodes.cannotStart, `no gatehouse is running with the data folder ${dataFolder}; start one with: gatehouse up`);
  return reply;
}

/** The same, or null where nobody runs. */
export async function askIfRunning(dataFolder: string, request: OperatorRequest): Promise<OperatorReply | null> {
  for (const folder of [dataFolder, demoFolderOf(dataFolder)]) {
    const path = operatorSocketPath(folder);
    if (!existsSync(path)) continue;
    try {
      return await askOperator(path, request);
    } catch (error) {
      if (!(error instanceof OperatorUnreachable)) throw error;
      if (error.why === 'forbidden' || error.why === 'broken') throw new CliStop(exitCodes.cannotStart, error.message);
    }
  }
  return null;
}

/** GET, and the JSON it answers. Stops with the house's own words on an error. */
export async function getJson<T>(dataFolder: string, path: string): Promise<T> {
  return jsonOf<T>(await ask(dataFolder, { method: 'GET', path }));
}

/** POST, with a JSON body or none, and the JSON it answers. Stops with the house's own words on an error. */
export async function postJson<T>(dataFolder: string, path: string, body?: unknown): Promise<T> {
  return jsonOf<T>(await ask(dataFolder, { method: 'POST', path, body }));
}

/** Reads the JSON of an answer, which comes from this program's own other half. */
export async function jsonOf<T>(reply: OperatorReply): Promise<T> {
  const text = await reply.text();
  if (reply.status >= 300) throw new CliStop(reply.status < 500 ? exitCodes.invalid : exitCodes.violated, errorText(text, reply.status));
  const value: T = JSON.parse(text);
  return value;
}

/** The message of an error answer. */
export function errorText(body: string, status: number): string {
  try {
    const parsed: { readonly error?: { readonly message?: unknown; readonly code?: unknown } } | null = JSON.parse(body);
    const message = parsed?.error?.message;
    if (typeof message === 'string')
      return typeof parsed?.error?.code === 'string' ? `${status} ${parsed.error.code}: ${message}` : message;
  } catch {
    // Not JSON: it is said as it came.
  }
  return body.trim() === '' ? `the gatehouse answered ${status}` : body.trim().slice(0, 500);
}
