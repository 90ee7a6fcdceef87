import type { DialUpstream } from '#egress/origins.ts';
import type { ServedModel } from '#upstreams/kind.ts';
import { learnModels } from '#upstreams/learn-server.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import type { Place } from './ports.ts';
import { asks } from './recognise.ts';
import type { Declined, Recognised } from './recognise.ts';
import { openServerAsker } from './server-asker.ts';
import type { ServerAsker } from './server-asker.ts';

/** A server that answered, and what of it is served. */
export interface FoundServer extends Omit<Recognised, 'models'> {
  /** Its origin: `http://127.0.0.1:11434`. */
  readonly url: string;
  readonly models: readonly ServedModel[];
  /** Models it lists that run in a cloud; they are left out. */
  readonly remote: readonly string[];
}

/** What was found. */
export interface Found {
  readonly servers: readonly FoundServer[];
  /** Places that answered but are not served, and why. */
  readonly declined: readonly { readonly url: string; readonly why: string }[];
}

export interface AskOptions {
  readonly budgetMs: number;
  /** Names or addresses of machines in the house, each asked at every place; default: loopback alone. */
  readonly hosts?: readonly string[];
  /** Also asks each server what more it tells of its models; default: false. */
  readonly learn?: boolean;
}

const loopback = '127.0.0.1';
/** Breaks a model name in a policy. */
const unwritable = /^\s|\s$|\p{Cc}|^$/u;

/** A place on one host. */
interface Spot {
  readonly host: string;
  readonly place: Place;
  readonly upstream: DialUpstream;
}

/**
 * Asks the given places, all at once, and says who is there. Whoever has not answered after `budgetMs` is not there. One GET per place (two
 * where the first is not understood); no model is loaded, nothing but loopback, or else the given hosts, is dialled, and no public address.
 */
export async function askPlaces(asked: readonly Place[], options: AskOptions): Promise<Found> {
  const spots = (options.hosts ?? [loopback]).flatMap((host) => asked.map((place) => spotOf(host, place)));
  const asker = openServerAsker(
    spots.map(({ upstream }) => upstream),
    { connectMs: Math.max(400, options.budgetMs / 2) },
  );
  // Closing it ends every call that is still under way.
  const timer = setTimeout(() => asker.close(), options.budgetMs);
  const answers = await Promise.all(spots.map((spot) => askPlace(spot, asker, options.learn ?? false)));
  clearTimeout(timer);
  asker.close();
  return collect(answers);
}

function spotOf(host: string, place: Place): Spot {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${place.port}`;
  return { host, place, upstream: { name: `${host} ${place.port}`, url, location: 'house', models: [] } };
}

interface Asked {
  readonly spot: Spot;
  readonly result: Recognised | Declined;
}

async function askPlace(spot: Spot, asker: ServerAsker, learn: boolean): Promise<Asked | null> {
  const { name } = spot.upstream;
  if (spot.host !== loopback) await asker.resolve(name);
  for (const way of spot.place.asks) {
    const answer = await asker.ask(name, asks[way].path);
    if ('fault' in answer) return null;
    const result = asks[way].read(answer);
    if (result !== null) return { spot, result: learn && 'models' in result ? await learned(result, name, asker) : result };
  }
  return null;
}

/** What was recognised, completed by what the server tells of its models in the manner of its kind. */
async function learned(result: Recognised, name: string, asker: ServerAsker): Promise<Recognised> {
  const kind = upstreamKindNamed(result.ownKind ?? result.kind);
  const told = kind && (await learnModels(kind, (path) => asker.ask(name, path).then((answer) => ('fault' in answer ? null : answer))));
  const byName = new Map((told ?? []).map((model) => [model.name, model]));
  const models = result.models.map((model): ServedModel => {
    const more = byName.get(model.name);
    if (!more) return model;
    return {
      ...model,
      context: more.context ?? model.context,
      input: more.input ?? model.input,
      tools: more.tools ?? model.tools,
      service: more.service ?? model.service,
      remote: more.remote || model.remote || kind?.isCloudModel(model.name) === true,
      slots: more.slots ?? model.slots,
    };
  });
  return { ...result, models };
}

function collect(answers: readonly (Asked | null)[]): Found {
  const servers: FoundServer[] = [];
  const declined: { readonly url: string; readonly why: string }[] = [];
  const names = new Set<string>();
  for (const answer of answers) {
    if (answer === null) continue;
    const { spot, result } = answer;
    const { url } = spot.upstream;
    if ('declined' in result) {
      declined.push({ url, why: result.declined });
      continue;
    }
    const wanted = spot.host === loopback ? result.name : `${result.name}-${labelOf(spot.host)}`;
    const name = names.has(wanted) ? `${wanted}-${spot.place.port}` : wanted;
    names.add(name);
    const models = result.models.filter((model) => !unwritable.test(model.name));
    const remote = models.filter((model) => model.remote).map((model) => model.name);
    servers.push({ ...result, name, url, models: models.filter((model) => !model.remote), remote });
  }
  return { servers, declined };
}

/** The host as a part of an upstream's name: `tower` of `tower.lan`, `192-168-1-20`. */
function labelOf(host: string): string {
  const word = /^[\d.:a-f]+$/i.test(host) ? host : (host.split('.')[0] ?? host);
  return word.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
