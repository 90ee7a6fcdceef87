import type { PolicyFile } from '#config/schema.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import type { ServedModel } from '#upstreams/kind.ts';
import type { FoundServer } from './ask-places.ts';

type UpstreamFile = PolicyFile['upstreams'][string];
type ModelFile = UpstreamFile['models'][string];

/** Requests at once, where a server does not say. */
const slotsDefault = 4;

/**
 * The policy of a house that was found, not written: every model under its own name, `auto` is the first of them, a busy machine is
 * waited for, and what a server does not say of itself is no obstacle: every ability, no bound on the window. Null if nobody serves
 * anything.
 */
export function discoveredPolicy(servers: readonly FoundServer[], options: { readonly listen: readonly string[] }): PolicyFile | null {
  const serving = servers.map((server) => ({ ...server, models: distinct(server.models) })).filter((server) => server.models.length > 0);
  const first = (service: 'chat' | 'embeddings'): string | null => {
    for (const server of serving) {
      const model = server.models.find((one) => (one.service ?? 'chat') === service);
      if (model) return `${server.name}/${model.name}`;
    }
    return null;
  };
  const [chat, embed] = [first('chat'), first('embeddings')];
  if (chat === null && embed === null) return null;
  return {
    version: 1,
    house: 'home',
    listen: [...options.listen],
    upstreams: Object.fromEntries(serving.map((server) => [server.name, upstreamOf(server)])),
    routes: {
      ...(chat === null ? {} : { first: { target: chat } }),
      ...(embed === null ? {} : { embed: { target: embed } }),
    },
    // Named as the one profile of a policy without profiles, so that a key made now is good in such a policy too.
    profiles: { sovereign: { wait: '60s' } },
  };
}

function upstreamOf(server: FoundServer): UpstreamFile {
  const said = server.models.map((model) => model.slots).find((slots) => slots !== null);
  return {
    kind: server.kind,
    location: 'house',
    url: server.url,
    slots: said ?? slotsDefault,
    // A server that loads models on demand is silent meanwhile; a client that worked without us must go on working.
    clocks: { first_token: '5m' },
    models: Object.fromEntries(server.models.map((model) => [model.name, modelOf(model)])),
  };
}

function modelOf(model: ServedModel): ModelFile {
  const service = model.service ?? 'chat';
  return {
    ...(service === 'chat' ? {} : { serves: service }),
    ...(model.context === null ? {} : { context: model.context }),
    ...(service === 'chat'
      ? { input: ['text', ...(model.input ?? (['image', 'audio', 'video'] as const))], tools: model.tools ?? true }
      : {}),
  };
}

/** `llama3` and `llama3:latest` are one model. */
function distinct(models: readonly ServedModel[]): readonly ServedModel[] {
  const names = new Set<string>();
  return models.filter((model) => {
    const name = withoutLatest(model.name);
    if (names.has(name)) return false;
    names.add(name);
    return true;
  });
}
