import { parentPort, workerData } from 'node:worker_threads';
import { answerQuestion } from './answer-question.ts';
import type { Asked, AskingStart } from './asking-thread.ts';
import { openForAsking } from './record-reader.ts';

/**
 * Where the thread that answers questions about the record begins. Each is asked of a file that is opened for it: what lies beside it is
 * shared within a process, and a reader that kept it open would keep a record that lost these files from being mended.
 */
if (parentPort) {
  const port = parentPort;
  const { folder, givenUp }: AskingStart = workerData;
  port.on('message', ({ number, question }: Asked) => {
    const inTime = (): boolean => number > Atomics.load(givenUp, 0);
    // Nobody waits for it any more.
    if (!inTime()) return;
    try {
      const database = openForAsking(folder, inTime);
      try {
        port.postMessage({ number, answer: answerQuestion(database, question), error: null });
      } finally {
        database.close();
      }
    } catch (error) {
      port.postMessage({ number, answer: null, error: error instanceof Error ? error.message : String(error) });
    }
  });
}
