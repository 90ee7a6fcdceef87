import { Worker } from 'node:worker_threads';
import type { MakeLink, WriterLink } from './log-store.ts';
import type { FromWriter, ToWriter, WriterStart } from './writer-messages.ts';

/** Starts the thread that writes the log. */
export function linkToWriter(start: WriterStart, hear: Parameters<MakeLink>[1]): WriterLink {
  const worker = new Worker(new URL('writer-worker.ts', import.meta.url), { workerData: start, name: 'record' });
  let why = 'its thread ended';
  worker.on('message', (message: FromWriter) => hear.message(message));
  worker.on('error', (error) => {
    why = `its thread failed: ${error instanceof Error ? error.message : String(error)}`;
  });
  worker.on('exit', () => hear.gone(why));
  return { post: (message: ToWriter) => worker.postMessage(message, []), end: () => void worker.terminate() };
}
