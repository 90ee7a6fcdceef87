import { parentPort, workerData } from 'node:worker_threads';
import { answerQuestion } from './answer-question.ts';
import type { Asked } from './asking-thread.ts';
import { openForAsking } from './record-reader.ts';

/** Where the thread that answers questions about the record begins. Each is one short read: no transaction spans two of them. */
if (parentPort) {
  const port = parentPort;
  const folder: string = workerData;
  let database: ReturnType<typeof openForAsking> | null = null;
  port.on('message', ({ number, question }: Asked) => {
    try {
      database ??= openForAsking(folder);
      port.postMessage({ number, answer: answerQuestion(database, question), error: null });
    } catch (error) {
      // The file may have been put aside; the next question finds the one that is there now.
      database?.close();
      database = null;
      port.postMessage({ number, answer: null, error: error instanceof Error ? error.message : String(error) });
    }
  });
}
