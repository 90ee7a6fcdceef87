import { createDialer } from '#egress/dialer.ts';
import type { HouseDialer } from '#egress/dialer.ts';
import type { ServedModel } from '#upstreams/kind.ts';
import type { Place } from './ports.ts';
import { asks } from './recognise.ts';
import type { Declined, PlaceAnswer, Recognised } from './recognise.ts';

/** A server that answered, and what of it is served. */
export interface FoundServer extends Omit<Recognised, 'models'> {
  /** Its origin: `http://127.0.0.1:11434`. */
  readonly url: string;
  readonly models: readonly ServedModel[];
  /** Models it lists that run in a cloud; they are left out. */
  readonly remote: readonly string[];
}

/** What was found on this machine. */
export interface Found {
  readonly servers: readonly FoundServer[];
  /** Places that answered but are not served, and why. */
  readonly declined: readonly { readonly url: string; readonly why: string }[];
}

const bodyMax = 4_000_000;
/** Breaks a model name in a policy. */
const unwritable = /^\s|\s$|\p{Cc}|^$/u;

/**
 * Asks the given places on loopback, all at once, and says who is there. Whoever has not answered after `budgetMs` is not there. One GET
 * per place (two where the first is not understood); no model is loaded, nothing but loopback is dialled.
 */
export async function askPlaces(asked: readonly Place[], options: { readonly budgetMs: number }): Promise<Found> {
  const dialer = createDialer({
    upstreams: asked.map(({ port }) => ({ name: nameOf(port), url: urlOf(port), location: 'house' as const, models: [] })),
    keyFor: () => ({}),
    inForce: () => true,
    // Every place is a numeric address.
    resolver: { lookup: () => Promise.reject(new Error('nothing is looked up while places are asked')) },
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    onAlarm: () => {},
  });
  // Closing it ends every call that is still under way.
  const timer = setTimeout(() => dialer.close(), options.budgetMs);
  const answers = await Promise.all(asked.map((place) => askPlace(place, dialer)));
  clearTimeout(timer);
  dialer.close();
  return collect(answers);
}

interface Asked {
  readonly port: number;
  readonly result: Recognised | Declined;
}

async function askPlace(place: Place, dialer: HouseDialer): Promise<Asked | null> {
  for (const name of place.asks) {
    const answer = await get(place.port, asks[name].path, dialer);
    if (answer === null) return null;
    const result = asks[name].read(answer);
    if (result !== null) return { port: place.port, result };
  }
  return null;
}

function collect(answers: readonly (Asked | null)[]): Found {
  const servers: FoundServer[] = [];
  const declined: { readonly url: string; readonly why: string }[] = [];
  const names = new Set<string>();
  for (const answer of answers) {
    if (answer === null) continue;
    const { port, result } = answer;
    const url = urlOf(port);
    if ('declined' in result) {
      declined.push({ url, why: result.declined });
      continue;
    }
    const name = names.has(result.name) ? `${result.name}-${port}` : result.name;
    names.add(name);
    const models = result.models.filter((model) => !unwritable.test(model.name));
    const remote = models.filter((model) => model.remote).map((model) => model.name);
    servers.push({ ...result, name, url, models: models.filter((model) => !model.remote), remote });
  }
  return { servers, declined };
}

function get(port: number, path: string, dialer: HouseDialer): Promise<PlaceAnswer | null> {
  return new Promise((resolve) => {
    let head: Pick<PlaceAnswer, 'status' | 'headers'> | null = null;
    const chunks: Uint8Array[] = [];
    let received = 0;
    const call = dialer.call(
      { method: 'GET', path, headers: { accept: 'application/json' }, body: null },
      {
        dialled: () => {},
        sent: () => {},
        head: (status, headers) => {
          head = { status, headers };
        },
        data: (bytes) => {
          received += bytes.byteLength;
          if (received > bodyMax) call.abort();
          else chunks.push(bytes.slice());
        },
        end: () => resolve(head === null ? null : { ...head, body: Buffer.concat(chunks).toString('utf8') }),
        failed: () => resolve(null),
      },
      {
        permit: { upstream: nameOf(port), target: null, location: 'house', tier: 'probe', policyHash: 'no policy yet' },
        fresh: true,
        connectMs: 400,
      },
    );
  });
}

const nameOf = (port: number): string => `port-${port}`;
const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
