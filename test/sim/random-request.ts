import type { Tier } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Dice } from './random.ts';

/** A request as a caller might send it. */
export interface RandomRequest {
  /** Hidden in the prompt, so that machines know whose request it is. */
  readonly mark: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: boolean;
  readonly wantsUsage: boolean;
  readonly image: boolean;
  readonly tools: boolean;
  readonly tier: Tier | null;
}

const tool = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: { stamp: { type: 'string' } } } } };

/** Asks for anything the policy knows, and sometimes for what it does not. */
export function randomRequest(mark: number, tables: PolicyTables, dice: Dice): RandomRequest {
  const routes = tables.policy.routes.map((route) => `home/${route.name}`);
  const model = dice.weighted({ auto: 30, route: 40, target: 15, bare: 12, nobody: 3 });
  const names: Record<typeof model, () => string> = {
    auto: () => 'home/auto',
    route: () => dice.pick(routes),
    target: () => dice.pick([...tables.targets.keys()]),
    bare: () => dice.pick([...tables.modelNames.keys()]),
    nobody: () => 'nobody',
  };
  const tier = dice.chance(0.15) ? dice.pick<Tier>(['sovereign', 'local-first', 'cloud-explicit']) : null;
  return chatRequest(mark, names[model](), {
    stream: dice.chance(0.6),
    wantsUsage: dice.chance(0.4),
    image: dice.chance(0.12),
    tools: dice.chance(0.25),
    tier,
    words: dice.pick(['hello', 'refactor this', 'what now']),
    fillerCharacters: dice.pick([0, 0, 0, 2_500, 6_000, 40_000]),
    maxTokens: dice.pick([null, null, 100, 4_000]),
    session: dice.chance(0.3) ? `s${dice.int(0, 3)}` : null,
    route: dice.chance(0.08) ? dice.pick(tables.policy.routes).name : null,
  });
}

export interface RequestParts {
  readonly stream: boolean;
  readonly wantsUsage: boolean;
  readonly image: boolean;
  readonly tools: boolean;
  readonly tier: Tier | null;
  readonly words: string;
  readonly fillerCharacters: number;
  readonly maxTokens: number | null;
  readonly session: string | null;
  readonly route: string | null;
}

/** A short question without anything special. */
export const plainParts: RequestParts = {
  stream: true,
  wantsUsage: false,
  image: false,
  tools: false,
  tier: null,
  words: 'hello',
  fillerCharacters: 0,
  maxTokens: 100,
  session: null,
  route: null,
};

export function chatRequest(mark: number, model: string, parts: RequestParts): RandomRequest {
  const text = `#${mark}# ${parts.words} ${'lorem '.repeat(parts.fillerCharacters / 6)}`;
  const content = parts.image
    ? [
        { type: 'text', text },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      ]
    : text;
  return {
    mark,
    body: {
      model,
      stream: parts.stream,
      ...(parts.wantsUsage && parts.stream ? { stream_options: { include_usage: true } } : {}),
      ...(parts.tools ? { tools: [tool] } : {}),
      ...(parts.maxTokens === null ? {} : { max_tokens: parts.maxTokens }),
      messages: [{ role: 'user', content }],
    },
    headers: {
      ...(parts.tier === null ? {} : { 'x-gatehouse-tier': parts.tier }),
      ...(parts.session === null ? {} : { 'x-gatehouse-session': parts.session }),
      ...(parts.route === null ? {} : { 'x-gatehouse-route': parts.route }),
    },
    stream: parts.stream,
    wantsUsage: parts.wantsUsage,
    image: parts.image,
    tools: parts.tools,
    tier: parts.tier,
  };
}
