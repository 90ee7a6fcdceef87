import type { ReplyEvent } from '#core/reply/event.ts';
import type { Verdict } from '#core/judge/judge-reply.ts';

/** Whoever reads a reply. Judge and record observe; the caller's own consumer keeps the reply alive. */
export interface ReplyConsumer {
  event(event: ReplyEvent): void;
  /** The reply's bytes have ended and it was judged. Nothing comes after it. */
  ended?(verdict: Verdict): void;
}

/**
 * One reply: a sequence of events owned by the attempt that receives them. Consumers attach and leave; when the last one that keeps
 * it alive leaves, the upstream is aborted.
 */
export class Reply {
  readonly #consumers: ReplyConsumer[] = [];
  #keepers = 0;
  readonly #abandoned: () => void;

  /** `abandoned` is called when nobody wants the reply any more. */
  constructor(abandoned: () => void) {
    this.#abandoned = abandoned;
  }

  /** Adds a consumer; returns how it leaves. */
  attach(consumer: ReplyConsumer, options: { readonly keepsAlive: boolean }): () => void {
    this.#consumers.push(consumer);
    if (options.keepsAlive) this.#keepers++;
    return () => {
      const at = this.#consumers.indexOf(consumer);
      if (at < 0) return;
      this.#consumers.splice(at, 1);
      if (options.keepsAlive && --this.#keepers === 0) this.#abandoned();
    };
  }

  event(event: ReplyEvent): void {
    for (const consumer of this.#consumers.slice()) consumer.event(event);
  }

  ended(verdict: Verdict): void {
    for (const consumer of this.#consumers.slice()) consumer.ended?.(verdict);
  }
}
