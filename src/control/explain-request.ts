import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Principal } from '#core/record/record.ts';
import { estimateTokens } from '#core/request/estimate-tokens.ts';
import { explain } from '#core/routing/explain.ts';
import type { Explanation } from '#core/routing/explain.ts';
import type { Digest } from '#gateway/ports.ts';
import { factsOf } from '#gateway/stages/classify.ts';
import { identify } from '#gateway/stages/identify.ts';
import type { Surface, SurfaceRequest } from '#surfaces/kind.ts';
import { unknownName } from './resolve-drain.ts';
import { supposedFleet } from './supposed-fleet.ts';
import type { FleetReader, Supposed } from './supposed-fleet.ts';

/** A request to explain: the request itself, who would send it with which headers, and what is supposed of the fleet. */
export interface Question extends Supposed {
  readonly asked: SurfaceRequest;
  /** The profile of whoever asks; null: the policy's first. */
  readonly profile: string | null;
  /** The `x-gatehouse-route` header. */
  readonly route: string | null;
  /** The `x-gatehouse-tier` header. */
  readonly tier: string | null;
}

/**
 * Says where a request would go and why, with the functions of the request path itself. Nothing is dialled and nothing changes.
 * Without a `live` fleet every machine is idle and up, apart from what the question supposes.
 */
export function explainRequest(
  question: Question,
  context: {
    readonly tables: PolicyTables;
    readonly surface: Pick<Surface, 'service'>;
    readonly digest: Digest;
    readonly live: FleetReader | null;
  },
): Explanation | GatewayError {
  const { tables, surface, digest } = context;
  const profile = question.profile ?? tables.policy.profiles[0]?.name ?? '';
  if (!tables.profiles.has(profile)) return unknownName(profile, [...tables.profiles.keys()], { what: 'profile' });
  const fleet = supposedFleet(question, tables, context.live);
  if (isGatewayError(fleet)) return fleet;
  const principal: Principal = { id: 'operator', profile, operator: true };
  const received = { route: question.route, tier: question.tier, task: null, session: null };
  const identified = identify(principal, received, tables);
  if (isGatewayError(identified)) return identified;
  const facts = factsOf(question.asked, surface, { received, identified, tables, digest });
  return explain(facts, tables, (target, plan, lastResort) => fleet.read(target, { plan, facts, lastResort, order: null }));
}

/** A request to `auto` described in a few words instead of sent: one user message, and how large the whole is supposed to be. */
export function describedRequest(described: {
  readonly text: string;
  readonly image: boolean;
  readonly tools: boolean;
  /** Estimated tokens of the whole request; null: what the text, and the image if any, come to. */
  readonly tokens: number | null;
}): SurfaceRequest {
  const { text, image, tools, tokens } = described;
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,' } };
  const body = { model: 'auto', messages: [{ role: 'user', content: image ? [{ type: 'text', text }, picture] : text }] };
  return {
    model: 'auto',
    routeHint: null,
    stream: false,
    wantsUsage: false,
    choices: 1,
    input: image ? ['image'] : [],
    tools,
    promptTokens: tokens ?? estimateTokens(body),
    outputTokens: null,
    userTexts: text === '' ? [] : [text],
    systemText: '',
    firstUserText: text,
    bodyText: JSON.stringify(body),
    body,
    spans: new Map(),
  };
}
