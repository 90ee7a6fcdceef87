import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Profile, Service } from '#core/policy/policy.ts';
import type { PolicyTables, Target } from '#core/policy/tables.ts';
import type { Principal } from '#core/record/record.ts';
import type { Facts } from '#core/request/facts.ts';
import { bucketsTakingPart, decide } from '#core/routing/decide.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import { namesOf, resolveModel } from '#core/routing/resolve-name.ts';
import { smallestRequest } from './smallest-request.ts';

/** One entry of `GET /v1/models`: what several families of clients look for, side by side. */
export interface ModelEntry {
  readonly id: string;
  readonly object: 'model';
  readonly created: 0;
  readonly owned_by: string;
  /** The largest window that some candidate offers; the size of each request picks among them. Left out if no bound is known. */
  readonly max_model_len?: number;
  readonly context_length?: number;
  /** The smallest one: what fits here fits wherever the request ends up. */
  readonly context_everywhere?: number;
  readonly meta?: { readonly n_ctx: number; readonly n_ctx_train: number };
  readonly architecture: { readonly input_modalities: readonly string[]; readonly output_modalities: readonly string[] };
  readonly capabilities: { readonly tools: 'declared' | false; readonly vision: boolean; readonly reasoning: boolean };
  readonly tier: string;
}

/** Every name this caller may ask for, from memory: what would be refused is not in the list. */
export function listModels(principal: Principal, tables: PolicyTables): readonly ModelEntry[] | GatewayError {
  const profile = profileOf(principal, tables);
  if (isGatewayError(profile)) return profile;
  return [...new Set(namesOf(tables))].flatMap((name) => {
    const entry = entryOf(name, profile, tables);
    return isGatewayError(entry) ? [] : [entry];
  });
}

/** One entry, under the name it was asked for; the refusal a request for it would get. */
export function findModel(name: string, principal: Principal, tables: PolicyTables): ModelEntry | GatewayError {
  const profile = profileOf(principal, tables);
  return isGatewayError(profile) ? profile : entryOf(name, profile, tables);
}

function profileOf(principal: Principal, tables: PolicyTables): Profile | GatewayError {
  return (
    tables.profiles.get(principal.profile) ??
    gatewayError('scope_denied', `This key’s profile "${principal.profile}" is not in the policy.`)
  );
}

function entryOf(name: string, profile: Profile, tables: PolicyTables): ModelEntry | GatewayError {
  const candidates = candidatesFor(name, profile, tables);
  return isGatewayError(candidates) ? candidates : describe(name, candidates, { tier: profile.tier, tables });
}

/** Whoever may come to answer to this name, asked of the same function that decides requests. */
function candidatesFor(name: string, profile: Profile, tables: PolicyTables): readonly Target[] | GatewayError {
  const named = resolveModel(name, tables);
  if (isGatewayError(named)) return named;
  const facts = smallestRequest(name, { profile, service: 'chat' });
  if (named.type !== 'auto') {
    const first = named.type === 'route' ? named.route.target[0] : named.type === 'target' ? named.target : named.members[0];
    return planned({ ...facts, service: tables.targets.get(first ?? '')?.serves ?? 'chat' }, tables);
  }
  const own = planned(facts, tables);
  if (isGatewayError(own)) return own;
  const routes = bucketsTakingPart(facts, tables).flatMap((bucket) => [bucket.route, ...bucket.above.map((step) => step.route)]);
  const others = [...new Set(routes)].map((route) => planned({ ...facts, model: `${tables.policy.house}/${route}` }, tables));
  return [...new Set([...own, ...others.flatMap((targets) => (isGatewayError(targets) ? [] : targets))])];
}

function planned(facts: Facts, tables: PolicyTables): readonly Target[] | GatewayError {
  const { plan, refusal } = decide(facts, tables);
  if (plan === null) return refusal ?? gatewayError('internal', 'There is no plan.');
  const fitting = candidatesOf(plan).filter((candidate) => candidate.lacks.length === 0);
  return fitting.map((candidate) => tables.targets.get(candidate.target)).filter((target) => target !== undefined);
}

function describe(
  id: string,
  candidates: readonly Target[],
  { tier, tables }: { readonly tier: string; readonly tables: PolicyTables },
): ModelEntry {
  const modalities = new Set(['text', ...candidates.flatMap((target) => target.input)]);
  const reasoning = candidates.some((target) =>
    tables.upstreams.get(target.upstream)?.models.some((model) => model.name === target.model && model.reasoning),
  );
  return {
    id,
    object: 'model',
    created: 0,
    owned_by: candidates.every((target) => target.location === 'cloud') ? 'cloud' : 'house',
    ...windowsOf(candidates),
    architecture: { input_modalities: [...modalities], output_modalities: outputOf(candidates[0]?.serves ?? 'chat') },
    capabilities: { tools: candidates.some((target) => target.tools) ? 'declared' : false, vision: modalities.has('image'), reasoning },
    tier,
  };
}

function windowsOf(candidates: readonly Target[]): Pick<ModelEntry, 'max_model_len' | 'context_length' | 'context_everywhere' | 'meta'> {
  const known = candidates.map((target) => target.context).filter((context) => context !== null);
  if (known.length === 0) return {};
  const largest = Math.max(...known);
  return {
    max_model_len: largest,
    context_length: largest,
    context_everywhere: Math.min(...known),
    meta: { n_ctx: largest, n_ctx_train: largest },
  };
}

function outputOf(service: Service): readonly string[] {
  const outputs: Readonly<Record<Service, string>> = {
    chat: 'text',
    embeddings: 'embeddings',
    rerank: 'scores',
    transcription: 'text',
    speech: 'audio',
    images: 'image',
  };
  return [outputs[service]];
}
