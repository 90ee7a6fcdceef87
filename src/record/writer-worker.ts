import { parentPort, workerData } from 'node:worker_threads';
import type { ToWriter, WriterStart } from './writer-messages.ts';
import { WriterThread } from './writer-thread.ts';

/** Where the thread that writes the log begins. */
if (parentPort) {
  const start: WriterStart = workerData;
  const thread = new WriterThread(parentPort, start);
  parentPort.on('message', (message: ToWriter) => thread.hear(message));
  thread.begin();
}
