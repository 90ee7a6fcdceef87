import { Worker } from 'node:worker_threads';
import { RecordUnavailable } from '#store/ports.ts';
import type { Answers, Question } from './question.ts';

/** One question on its way. */
export interface Asked {
  readonly number: number;
  readonly question: Question;
}

interface Answered {
  readonly number: number;
  readonly answer: unknown;
  readonly error: string | null;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: RecordUnavailable): void;
}

/** Questions that may wait; more are refused at once. */
const waitingMax = 64;

/** Asks the record in a thread of its own, which begins with the first question, so that no answer holds up a request. */
export class AskingThread {
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #number = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Rejects with `RecordUnavailable` if the record cannot be read, or too many ask. */
  ask<Q extends Question>(question: Q): Promise<Answers[Q['ask']]> {
    if (this.#waiting.size >= waitingMax)
      return Promise.reject(new RecordUnavailable('too many questions are asked of the record at once'));
    const asked: Asked = { number: ++this.#number, question };
    return new Promise((resolve, reject) => {
      this.#waiting.set(asked.number, { resolve, reject });
      this.#open().postMessage(asked, []);
    });
  }

  close(): void {
    void this.#worker?.terminate();
  }

  #open(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('asking-worker.ts', import.meta.url), { workerData: this.#folder, name: 'asking' });
    // It never keeps the process alive.
    worker.unref();
    worker.on('message', ({ number, answer, error }: Answered) => {
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error === null) waiting?.resolve(answer);
      else waiting?.reject(new RecordUnavailable(`the record cannot be read: ${error}`));
    });
    worker.on('error', () => {});
    worker.on('exit', () => {
      this.#worker = null;
      for (const waiting of this.#waiting.values()) waiting.reject(new RecordUnavailable('the thread that reads the record ended'));
      this.#waiting.clear();
    });
    this.#worker = worker;
    return worker;
  }
}
