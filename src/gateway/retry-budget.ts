/** How far back requests and retries are counted. */
const windowMs = 10_000;
const retriesMin = 2;
const retryShare = 0.1;

/** Bounds quick retries to 10 % of an upstream's requests, and at least 2, per 10 s, so that retries cannot double an outage. */
export class RetryBudget {
  #requests: number[] = [];
  #retries: number[] = [];

  noteRequest(now: number): void {
    this.#requests = recent(this.#requests, now);
    this.#requests.push(now);
  }

  /** Whether one more retry is in the budget. */
  allows(now: number): boolean {
    this.#requests = recent(this.#requests, now);
    this.#retries = recent(this.#retries, now);
    return this.#retries.length < Math.max(retriesMin, Math.floor(this.#requests.length * retryShare));
  }

  noteRetry(now: number): void {
    this.#retries.push(now);
  }
}

function recent(times: number[], now: number): number[] {
  const first = times.findIndex((at) => now - at < windowMs);
  return first === 0 ? times : first < 0 ? [] : times.slice(first);
}
