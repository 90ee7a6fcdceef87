import assert from 'node:assert/strict';
import type { GeneratorValue } from 'fast-check';
import { loadPolicy } from '#config/load.ts';
import type { PolicyFile } from '#config/schema.ts';
import type { Guarantee } from '#core/policy/policy.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables, Target } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { Plan } from '#core/routing/plan.ts';
import { pickMember } from '#core/routing/pick-member.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import { factsOf } from '#gateway/stages/classify.ts';
import { identify } from '#gateway/stages/identify.ts';
import { receive } from '#gateway/stages/receive.ts';
import type { Proof, Violation } from '#prover/proof.ts';
import { provePolicy } from '#prover/prove.ts';
import type { ProveOptions } from '#prover/prove.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import { accountOf } from '#test/determinism/account.ts';
import { pick, sometimes, upTo } from '#test/determinism/dice.ts';
import { randomEvent } from '#test/determinism/random-fleet.ts';
import { randomPolicy, randomRequest } from '#test/determinism/random-house.ts';

/** What one generated policy showed. */
export interface ProvedCase {
  readonly proof: Proof;
  readonly walks: number;
  readonly dials: number;
  /** Dials that broke a guarantee of the policy, which the prover had foreseen. */
  readonly foreseen: number;
  /** Counterexamples of the prover that were walked again. */
  readonly replayed: number;
}

/**
 * One generated policy with random guarantees, proved, and then tried: what is dialled in random fleets is compared with what was
 * proved, and every counterexample is walked again. Throws where prover and walk do not agree.
 */
export function proveCase(g: GeneratorValue, requests: number, options: ProveOptions): ProvedCase {
  const file = withGuarantees(g, randomPolicy(g));
  const loaded = loadPolicy(JSON.stringify(file), { file: 'random.yaml', folder: '.', env: {} });
  assert.ok(loaded.ok, `a generated policy does not load: ${JSON.stringify(loaded)}`);
  const tables = tablesOf(loaded.policy, loaded.hash);
  const proof = provePolicy(tables, options);
  const unexpected = proof.violations.filter((violation) => violation.builtIn !== null && violation.builtIn !== 'served');
  assert.deepEqual(
    unexpected.map((violation) => `${violation.guarantee}: ${violation.sentence}`),
    [],
  );
  const own = proof.violations.filter((violation) => violation.builtIn === null);
  for (const violation of own) walkAgain(violation, tables);
  const counts = { walks: 0, dials: 0, foreseen: 0 };
  for (let at = 0; at < requests; at++) tryRequest(g, { file, tables, own, counts });
  return { proof, replayed: own.filter((violation) => violation.counterexample !== null).length, ...counts };
}

function withGuarantees(g: GeneratorValue, file: PolicyFile): PolicyFile {
  const upstreams = Object.keys(file.upstreams);
  const guarantees = Array.from({ length: upTo(g, 3) }, (_, at) => {
    const when = {
      ...(sometimes(g, 50) ? { profile: pick(g, Object.keys(file.profiles ?? {})) } : {}),
      ...(sometimes(g, 30) ? { tier: pick(g, ['sovereign', 'local-first', 'cloud-explicit'] as const) } : {}),
      ...(sometimes(g, 50) ? { route: pick(g, Object.keys(file.routes ?? {})) } : {}),
    };
    const party = sometimes(g, 30) ? 'cloud' : pick(g, upstreams);
    return { name: `promise ${at}`, when, ...(sometimes(g, 60) ? { never: [party] } : { only: [party, pick(g, upstreams)] }) };
  });
  return { ...file, guarantees };
}

interface Trial {
  readonly file: PolicyFile;
  readonly tables: PolicyTables;
  readonly own: readonly Violation[];
  readonly counts: { walks: number; dials: number; foreseen: number };
}

function tryRequest(g: GeneratorValue, { file, tables, own, counts }: Trial): void {
  const request = randomRequest(g, file);
  const received = receive(request.headers, false);
  assert.ok(!isGatewayError(received));
  const identified = identify({ id: 'key', profile: request.profile, operator: false }, received, tables);
  assert.ok(!isGatewayError(identified));
  const asked = openaiChatSurface.read(JSON.stringify(request.body));
  assert.ok(!isGatewayError(asked));
  const facts = factsOf(asked, openaiChatSurface, { received, identified, tables, digest: (text) => text });
  const account = accountOf(facts, tables, (action) => randomEvent(g, action));
  const { plan, route } = account.decision;
  if (!plan) return;
  counts.walks += account.walks.length;
  if (facts.tier === 'sovereign')
    for (const { target } of candidatesOf(plan))
      assert.equal(tables.targets.get(target)?.location, 'house', `${target} in a sovereign plan`);
  for (const action of account.walks.flatMap((walk) => walk.actions)) {
    if (action.do !== 'dial') continue;
    counts.dials++;
    const target = tables.targets.get(action.target);
    assert.ok(target);
    for (const guarantee of tables.policy.guarantees) {
      if (!breaks(guarantee, target, { ...facts, route })) continue;
      const told = own.some((one) => one.guarantee === guarantee.name && one.profile === facts.profile && one.target === target.id);
      assert.ok(told, `"${guarantee.name}" was not seen to be broken by ${facts.profile} at ${target.id}: ${JSON.stringify(facts)}`);
      counts.foreseen++;
    }
  }
}

function breaks(
  { when, only, never }: Guarantee,
  target: Target,
  request: Pick<Facts, 'profile' | 'tier'> & { readonly route: string | null },
): boolean {
  const applies =
    (when.profile ?? request.profile) === request.profile &&
    (when.tier ?? request.tier) === request.tier &&
    (when.route ?? request.route) === request.route;
  const names = new Set([target.id, target.upstream, ...(target.location === 'cloud' ? ['cloud'] : [])]);
  const named = (parties: readonly string[] | null): boolean => parties?.some((party) => names.has(party)) ?? false;
  return applies && (named(never) || (only !== null && !named(only)));
}

/** A counterexample, walked by the functions that serve requests: it has to end in the dial that it tells of. */
function walkAgain({ sentence, target, counterexample }: Violation, tables: PolicyTables): void {
  if (!counterexample) return;
  const { facts, walks, favourite } = counterexample;
  const decided = decide(facts, tables);
  assert.ok(decided.plan, sentence);
  const plan = favourite === null ? decided.plan : favouring(decided.plan, favourite);
  let step = beginWalk(plan);
  for (const [at, events] of walks.entries()) {
    if (at > 0) step = beginWalk(plan, step.walk);
    for (const event of events) step = stepWalk(plan, step.walk, event);
  }
  assert.deepEqual(step.action, { do: 'dial', target, fresh: step.action.do === 'dial' && step.action.fresh }, sentence);
}

function favouring(plan: Plan, favourite: string): Plan {
  const members = plan.target.map((member) => member.target);
  const all = members.map((target) => ({
    target,
    state: 'free' as const,
    why: 'up' as const,
    inFlight: 0,
    slots: 1,
    retryAfterMs: null,
    cause: null,
    sinceMs: null,
    nextTryMs: null,
  }));
  for (let at = 0; at < 10_000; at++) if (pickMember(all, `${at}`, members)?.target === favourite) return { ...plan, session: `${at}` };
  throw new Error(`no session favours ${favourite}`);
}
