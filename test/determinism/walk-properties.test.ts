import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPolicy } from '#config/load.ts';
import type { TargetId } from '#core/policy/policy.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { Plan } from '#core/routing/plan.ts';
import { factsOf } from '#gateway/stages/classify.ts';
import { identify } from '#gateway/stages/identify.ts';
import { receive } from '#gateway/stages/receive.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import { accountOf } from './account.ts';
import type { Account, WalkAccount } from './account.ts';
import { randomEvent } from './random-fleet.ts';
import { casesOf } from './cases.ts';
import type { Cases } from './cases.ts';

/** What holds for every walk, whatever the policy, the request, the states met and the ends of attempts. */
const seed = Number(process.env['SEED'] ?? 20_260_102);

interface Case {
  readonly tables: PolicyTables;
  readonly account: Account;
  readonly plan: Plan;
}

/** What becomes of the requests to one random house; those that are refused before any plan are left out. */
function casesIn({ policy, requests, g }: Cases): readonly Case[] {
  const loaded = loadPolicy(JSON.stringify(policy), { file: 'random.yaml', folder: '.', env: {} });
  assert.ok(loaded.ok, `a random policy does not load: ${JSON.stringify(loaded)}`);
  const tables = tablesOf(loaded.policy, loaded.hash);
  return requests.flatMap((request) => {
    const received = receive(request.headers, false);
    const identified = isGatewayError(received)
      ? received
      : identify({ id: 'key', profile: request.profile, operator: false }, received, tables);
    const asked = openaiChatSurface.read(JSON.stringify(request.body));
    assert.ok(!isGatewayError(received) && !isGatewayError(identified) && !isGatewayError(asked));
    const facts = factsOf(asked, openaiChatSurface, { received, identified, tables, digest: (text) => text });
    const account = accountOf(facts, tables, (action) => randomEvent(g, action));
    const { plan, refusal } = account.decision;
    assert.notEqual(plan === null, refusal === null, 'there is a plan or a refusal');
    return plan ? [{ tables, account, plan }] : [];
  });
}

function dialled(walk: WalkAccount): readonly { readonly target: TargetId; readonly fresh: boolean }[] {
  return walk.actions.filter((action) => action.do === 'dial');
}

const cases = casesOf(seed).flatMap(casesIn);

/** Checks every walk. The seed is in the title, so that a failure can be repeated; the case is in the message. */
function holds(name: string, check: (walk: WalkAccount, one: Case, before: WalkAccount | null) => void): void {
  test(`${name} (seed ${seed})`, () => {
    for (const one of cases) {
      for (const [at, walk] of one.account.walks.entries()) {
        try {
          check(walk, one, one.account.walks[at - 1] ?? null);
        } catch (error) {
          throw new Error(`in ${JSON.stringify({ facts: one.account.facts, plan: one.plan, events: walk.events })}`, { cause: error });
        }
      }
    }
  });
}

holds('a walk ends: the lists and the wait are the bound', (walk, { plan }) => {
  const waits = walk.actions.filter((action) => action.do === 'wait').length;
  assert.ok(waits <= Math.max(1, plan.waitMs));
  // Each candidate is read once, members of a group once for each of them, and dialled once; one retry, one last resort.
  const bound = 2 * candidatesOf(plan).length + plan.target.length + 2 * waits + 4;
  assert.ok(walk.actions.length <= bound, `${walk.actions.length} steps, at most ${bound}`);
});

holds('nobody is dialled more than once, but for one retry and after a wait', (walk) => {
  const counts = new Map<TargetId, number>();
  for (const { target } of dialled(walk).filter((dial) => !dial.fresh)) counts.set(target, (counts.get(target) ?? 0) + 1);
  for (const event of walk.events)
    if (event.type === 'waited' && event.reading?.state === 'free')
      counts.set(event.reading.target, (counts.get(event.reading.target) ?? 0) - 1);
  for (const [target, count] of counts) assert.ok(count <= 1, `${target} is dialled ${count} times too often`);
  assert.ok(dialled(walk).filter((dial) => dial.fresh).length <= 1, 'one quick retry per request');
});

holds('a retry is of the target that was just tried', (walk) => {
  const dials = dialled(walk);
  for (const [at, dial] of dials.entries()) if (dial.fresh) assert.equal(dial.target, dials[at - 1]?.target);
});

holds('who is dialled was free when it was read last', (walk) => {
  const free = new Map<TargetId, boolean>();
  for (const [at, action] of walk.actions.entries()) {
    const event = walk.events[at];
    if (action.do === 'dial' && !action.fresh) assert.equal(free.get(action.target), true, action.target);
    if (event?.type === 'observed') for (const reading of event.readings) free.set(reading.target, reading.state === 'free');
    if (event?.type === 'waited' && event.reading) free.set(event.reading.target, event.reading.state === 'free');
  }
});

holds('a sovereign walk dials, reads and waits for nobody outside the house', (walk, { account, tables }) => {
  if (account.facts.tier !== 'sovereign') return;
  for (const action of walk.actions) {
    for (const target of action.do === 'dial' ? [action.target] : action.do === 'end' ? [] : action.targets) {
      assert.equal(tables.targets.get(target)?.location, 'house', target);
    }
  }
});

holds('local-first reads nobody outside before everybody in the house', (walk, { account, plan, tables }) => {
  if (account.facts.tier !== 'local-first') return;
  const order = walk.actions.flatMap((action) =>
    action.do === 'observe' && !action.lastResort ? action.targets.map((target) => tables.targets.get(target)?.location) : [],
  );
  const firstCloud = order.indexOf('cloud');
  if (firstCloud >= 0) assert.ok(!order.slice(firstCloud).includes('house'));
  assert.ok(
    [...plan.target, ...plan.spill, ...plan.failover].every((candidate) => tables.targets.get(candidate.target)?.location === 'house'),
  );
});

holds('without fallback nobody but the target’s members is dialled', (walk, { account, tables }) => {
  if (tables.profiles.get(account.facts.profile)?.fallback !== 'never') return;
  const { route } = account.decision;
  const members =
    route === null
      ? account.decision.plan?.target.concat(account.decision.plan.tail).map((candidate) => candidate.target)
      : tables.routes.get(route)?.target;
  for (const { target } of dialled(walk)) assert.ok(members?.includes(target), target);
});

holds('nobody unfit is read or dialled', (walk, { plan }) => {
  const fit = new Set(
    candidatesOf(plan)
      .filter((candidate) => candidate.lacks.length === 0)
      .map((candidate) => candidate.target),
  );
  for (const action of walk.actions) {
    for (const target of action.do === 'dial' ? [action.target] : action.do === 'end' ? [] : action.targets)
      assert.ok(fit.has(target), target);
  }
});

holds('who was judged bad is not dialled again, nor in the walk from the queue', (walk, _one, before) => {
  const bad = new Set(before?.end.bad ?? []);
  for (const event of walk.events) {
    if (event.type !== 'outcome') continue;
    assert.ok(!bad.has(event.outcome.target), event.outcome.target);
    if (event.outcome.result === 'failed' || event.outcome.result === 'too_long' || event.outcome.result === 'crashed')
      bad.add(event.outcome.target);
  }
});

holds('a profile’s routes are all it gets', (walk, { account, tables }) => {
  const routes = tables.profiles.get(account.facts.profile)?.routes;
  if (!routes) return;
  const lists = routes.map((name) => tables.routes.get(name));
  const reachable = new Set(lists.flatMap((route) => [...(route?.target ?? []), ...(route?.spill ?? []), ...(route?.failover ?? [])]));
  for (const { target } of dialled(walk)) assert.ok(reachable.has(target), target);
});

holds('a walk ends in what settles it, or in an error with a row', (walk) => {
  assert.equal(walk.end.settled === null, walk.refusal !== null);
  if (walk.refusal) assert.ok(isGatewayError(walk.refusal) && walk.refusal.message.length > 0);
});

test('the properties saw walks and dials enough', () => {
  const walks = cases.flatMap((one) => one.account.walks);
  const dials = walks.flatMap(dialled);
  assert.ok(walks.length > 2_000 && dials.length > 2_000, `${walks.length} walks, ${dials.length} dials`);
  for (const tier of ['sovereign', 'local-first', 'cloud-explicit'])
    assert.ok(
      cases.some((one) => one.account.facts.tier === tier),
      tier,
    );
});
