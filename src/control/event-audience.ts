import { gatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { ClientWire, Clock } from '#gateway/ports.ts';
import type { Happening } from '#telemetry/ports.ts';

const listenersMax = 16;
/** A listener that has this much unread is told nothing more until it has read. */
const waitingBytesMax = 256_000;
const keepAliveMs = 15_000;

/** Whoever listens to `GET /admin/events`. Bounded: so many listeners, so many unread bytes each; what did not fit is counted and said. */
export class EventAudience {
  readonly #subscribe: (listener: (happening: Happening) => void) => () => void;
  readonly #clock: Clock;
  #count = 0;

  constructor(subscribe: (listener: (happening: Happening) => void) => () => void, clock: Clock) {
    this.#subscribe = subscribe;
    this.#clock = clock;
  }

  get count(): number {
    return this.#count;
  }

  /** Streams what happens from now on to one more listener, as server-sent events. */
  open(client: ClientWire): GatewayError | null {
    if (this.#count >= listenersMax)
      return gatewayError('rate_limited', `${listenersMax} programs listen already.`, { retryAfterMs: 5_000 });
    this.#count++;
    client.head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    let waitingBytes = client.write(': listening\n\n');
    let missed = 0;
    const tell = (happening: Happening): void => {
      if (waitingBytes > waitingBytesMax) missed++;
      else waitingBytes = client.write(event(happening.type, happening));
    };
    const unsubscribe = this.#subscribe(tell);
    const beat = (): void => {
      if (waitingBytes === 0) client.write(': keep-alive\n\n');
      cancelBeat = this.#clock.after(keepAliveMs, beat);
    };
    let cancelBeat = this.#clock.after(keepAliveMs, beat);
    client.onDrained(() => {
      waitingBytes = missed === 0 ? 0 : client.write(event('missed', { count: missed }));
      missed = 0;
    });
    client.onGone(() => {
      this.#count--;
      unsubscribe();
      cancelBeat();
    });
    return null;
  }
}

function event(type: string, value: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(value)}\n\n`;
}
