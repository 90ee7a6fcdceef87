import { withoutLatest } from '#core/policy/tables.ts';
import type { ServedModel } from '#upstreams/kind.ts';
import type { FoundServer } from './ask-places.ts';

/** Requests at once, where a server does not say. */
const slotsGuess = 4;
/** A window that hardly any model lacks. */
const contextGuess = 8_192;

interface Target {
  readonly id: string;
  readonly model: ServedModel;
}

/**
 * A policy for a person to go on from: every server that was found with every model of its own, three routes at most, one profile that
 * keeps everything in the house, and a comment wherever a value is a guess. It loads as it is. Null if nobody serves anything.
 */
export function starterPolicy(found: readonly FoundServer[]): string | null {
  const servers = found.map((server) => ({ ...server, models: distinct(server.models) })).filter((server) => server.models.length > 0);
  const targets = servers.flatMap(({ name, models }) => models.map((model): Target => ({ id: `${name}/${model.name}`, model })));
  const routes = routeLines(targets);
  if (routes.length === 0) return null;
  return [
    '# A house as `gatehouse init` found it. Change what is yours; `gatehouse check` says what is wrong with it and where.',
    '',
    'version: 1',
    'house: home                      # clients see home/auto, home/chat …',
    'listen: 127.0.0.1:8484           # [127.0.0.1:8484, 192.168.1.2:8484] is also heard from other machines',
    '',
    '# The machines that answer. An ability that is not written is absent: it is not asked for what needs it.',
    'upstreams:',
    servers.map(serverLines).join('\n\n'),
    '',
    '# Where requests go. spill: who helps when the target is busy. failover: who stands behind it when it is out.',
    'routes:',
    ...routes,
    '',
    '# Who may do what. A key is made for a profile: gatehouse keys new --profile sovereign',
    'profiles:',
    '  sovereign: { tier: sovereign, wait: 60s }   # nothing leaves the house; a busy machine is waited for',
    '',
  ].join('\n');
}

function serverLines(server: FoundServer & { readonly models: readonly ServedModel[] }): string {
  const said = server.models.map(({ slots }) => slots).find((slots) => slots !== null);
  const kind = server.ownKind ?? server.kind;
  return [
    `  ${server.name}:`,
    `    kind: ${kind}${server.title === kind ? '' : `   # ${server.title}`}`,
    `    url: ${server.url}`,
    '    location: house',
    said === undefined
      ? `    slots: ${slotsGuess}   # a guess: requests it works on at once; the next one waits or spills`
      : `    slots: ${said}   # as it says`,
    '    clocks: { first_token: 5m }   # a server that loads a model on demand is silent meanwhile',
    ...(server.remote.length === 0 ? [] : [`    # Left out, because they run in a cloud: ${server.remote.join(', ')}`]),
    '    models:',
    ...server.models.map(modelLine),
  ].join('\n');
}

function modelLine(model: ServedModel): string {
  const name = `      ${JSON.stringify(withoutLatest(model.name))}:`;
  if ((model.service ?? 'chat') !== 'chat')
    return `${name} { serves: ${model.service}${model.context === null ? '' : `, context: ${model.context}`} }`;
  const input = (model.input ?? []).length === 0 ? '' : `, input: [text, ${(model.input ?? []).join(', ')}]`;
  const tools = model.tools === true ? ', tools: true' : '';
  const unsaid = [
    ...(model.context === null ? ['its window is a guess'] : []),
    ...(model.input === null ? ['"input: [text, image]" if it sees'] : []),
    ...(model.tools === null ? ['"tools: true" if it calls tools'] : []),
  ];
  const note = unsaid.length === 0 ? '' : `   # ${unsaid.join('; ')}`;
  return `${name} { context: ${model.context ?? contextGuess}${input}${tools} }${note}`;
}

/** `chat` has every other chat model behind it, so that one machine that is out stops nobody. */
function routeLines(targets: readonly Target[]): readonly string[] {
  const chat = targets.filter(({ model }) => (model.service ?? 'chat') === 'chat');
  const embed = targets.find(({ model }) => model.service === 'embeddings');
  const seeing = chat.find(({ model }) => model.input?.includes('image') === true);
  const line = (name: string, { id }: Target, behind: readonly Target[]): string => {
    const failover = behind.length === 0 ? '' : `, failover: [${behind.map((target) => written(target.id)).join(', ')}]`;
    return `  ${name}: { target: ${written(id)}${failover} }`;
  };
  const [first, ...others] = chat;
  return [
    ...(first ? [line('chat', first, others)] : []),
    ...(seeing && seeing !== first ? [line('vision', seeing, [])] : []),
    ...(embed ? [line('embed', embed, [])] : []),
  ];
}

function written(id: string): string {
  return JSON.stringify(withoutLatest(id));
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
