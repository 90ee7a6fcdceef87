import { Worker } from 'node:worker_threads';
import { RecordUnavailable } from '#store/ports.ts';
import { QuestionTooLong } from './question-too-long.ts';
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

/** What the thread is started with. */
export interface AskingStart {
  readonly folder: string;
  /** Shared: questions up to this number are given up, and need not be answered any more. */
  readonly givenUp: Int32Array;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: RecordUnavailable | QuestionTooLong): void;
}

/** Questions that may wait; more are refused at once. */
const waitingMax = 64;
/** From the asking to the answer, the wait for others included. */
const answerMs = 10_000;
const allOfThem = 0x7fff_ffff;

/** Asks the record in a thread of its own, which begins with the first question, so that no answer holds up a request. */
export class AskingThread {
  readonly #folder: string;
  readonly #answerMs: number;
  readonly #givenUp = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #number = 0;

  constructor(folder: string, withinMs = answerMs) {
    this.#folder = folder;
    this.#answerMs = withinMs;
  }

  /** Rejects with `RecordUnavailable` if the record cannot be read, or too many ask; with `QuestionTooLong` after 10 s. */
  ask<Q extends Question>(question: Q): Promise<Answers[Q['ask']]> {
    if (this.#waiting.size >= waitingMax)
      return Promise.reject(new RecordUnavailable('too many questions are asked of the record at once'));
    const asked: Asked = { number: ++this.#number, question };
    const late = setTimeout(() => this.#giveUp(asked.number), this.#answerMs).unref();
    const answered = new Promise<Answers[Q['ask']]>((resolve, reject) => {
      this.#waiting.set(asked.number, { resolve, reject });
      this.#open().postMessage(asked, []);
    });
    return answered.finally(() => clearTimeout(late));
  }

  /** All that were asked before it are late, too. The thread sees it among the rows, and goes on with the next question. */
  #giveUp(number: number): void {
    Atomics.store(this.#givenUp, 0, number);
    this.#waiting.get(number)?.reject(new QuestionTooLong());
    this.#waiting.delete(number);
  }

  close(): void {
    // Nobody can end a thread that looks through rows; it ends by itself once it sees that all is given up.
    Atomics.store(this.#givenUp, 0, allOfThem);
    void this.#worker?.terminate();
  }

  #open(): Worker {
    if (this.#worker) return this.#worker;
    const start: AskingStart = { folder: this.#folder, givenUp: this.#givenUp };
    const worker = new Worker(new URL('asking-worker.ts', import.meta.url), { workerData: start, name: 'asking' });
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
