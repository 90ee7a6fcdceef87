/** How far back requests and retries are counted. */
const windowMs = 10_000;
const retriesMin = 2;
const retryShare = 0.1;

/** Bounds quick retries to 10 % of an upstream's requests, and at least 2, per 10 s, so that retries cannot double an outage. */
export class RetryBudget {
  readonly #requests = new RecentMoments();
  readonly #retries = new RecentMoments();

  noteRequest(now: number): void {
    this.#requests.add(now);
  }

  /** Whether one more retry is in the budget. */
  allows(now: number): boolean {
    return this.#retries.count(now) < Math.max(retriesMin, Math.floor(this.#requests.count(now) * retryShare));
  }

  noteRetry(now: number): void {
    this.#retries.add(now);
  }
}

/** The moments of the last ten seconds. What is older is passed over at once, and moved out only when it is half of the list: a busy upstream has thousands. */
class RecentMoments {
  #moments: number[] = [];
  #first = 0;

  add(now: number): void {
    this.#forget(now);
    this.#moments.push(now);
  }

  count(now: number): number {
    this.#forget(now);
    return this.#moments.length - this.#first;
  }

  #forget(now: number): void {
    while (this.#first < this.#moments.length && now - (this.#moments[this.#first] ?? now) >= windowMs) this.#first++;
    if (this.#first * 2 <= this.#moments.length) return;
    this.#moments = this.#moments.slice(this.#first);
    this.#first = 0;
  }
}
