import type { Dialer, EgressPermit, WireFault } from '#egress/port.ts';
import type { Clock } from '#gateway/ports.ts';
import type { Posted } from './trace-exporter.ts';

/** What a batch is sent with. */
export interface TracePost {
  readonly dialer: Dialer;
  /** The right to reach the party with this batch. */
  readonly permit: EgressPermit;
  readonly clock: Clock;
}

const connectMs = 2_000;
const answerMs = 10_000;
/** Of an answer, only its beginning is worth telling. */
const reasonMax = 200;

/** Sends one batch by OTLP over HTTP, and says what became of it. Never rejects. */
export function postTraces(body: Uint8Array, { dialer, permit, clock }: TracePost): Promise<Posted> {
  return new Promise((resolve) => {
    let status = 0;
    let said = '';
    const request = { method: 'POST', path: '/v1/traces', headers: { 'content-type': 'application/x-protobuf' }, body } as const;
    const finish = (posted: Posted): void => {
      cancel();
      resolve(posted);
    };
    const call = dialer.call(
      request,
      {
        dialled: () => {},
        sent: () => {},
        head: (code) => {
          status = code;
        },
        data: (bytes) => {
          if (said.length < reasonMax) said += Buffer.from(bytes).toString('latin1');
        },
        end: () => finish(postedOf(status, said)),
        failed: (fault) => finish({ outcome: 'not_now', reason: fault.cause === 'aborted' ? 'no answer within 10 s' : faultText(fault) }),
      },
      { permit, fresh: false, connectMs },
    );
    const cancel = clock.after(answerMs, () => call.abort());
  });
}

function faultText({ cause, message }: WireFault): string {
  return `${cause.replaceAll('_', ' ')}: ${message}`;
}

/** 408, 429 and 5xx may pass; what else is not 2xx stays as it is. */
function postedOf(status: number, said: string): Posted {
  if (status >= 200 && status < 300) return { outcome: 'taken' };
  const words = said
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, reasonMax);
  const reason = `it answered ${status}${hintOf(status)}${words === '' ? '' : ` (${words})`}`;
  return status >= 500 || status === 408 || status === 429 ? { outcome: 'not_now', reason } : { outcome: 'refused', reason };
}

function hintOf(status: number): string {
  if (status === 401 || status === 403) return ': the key is missing or wrong';
  if (status === 404) return ': nothing collects traces there; url is the address without /v1/traces';
  if (status === 415) return ': it takes no protobuf';
  return '';
}
