import type { Bucket, Policy, Route, TargetId } from '#core/policy/policy.ts';
import { formatSize } from '#core/units/format-size.ts';
import { mayUse } from './check-usable.ts';
import type { Report } from './policy-source.ts';
import { idOf, targetsOf } from './target-names.ts';
import type { KnownTarget } from './target-names.ts';

type Targets = ReadonlyMap<TargetId, KnownTarget>;

/** Warns of what loads but can hardly be meant. */
export function lintPolicy(report: Report, policy: Policy): void {
  const targets = targetsOf(policy.upstreams);
  if (policy.routes.length === 0)
    report.warn([], 'there are no routes, so auto leads nowhere; models are served under their own names only');
  for (const route of policy.routes) lintFallback(report, policy, route);
  for (const bucket of policy.buckets ?? []) lintBucket(report, policy, bucket, targets);
  lintReach(report, policy);
}

/** Lists that nobody walks, because every profile of the route says `fallback: never`. */
function lintFallback(report: Report, policy: Policy, route: Route): void {
  const users = policy.profiles.filter((profile) => mayUse(profile, route));
  if (users.length === 0 || users.some((profile) => profile.fallback === 'lists')) return;
  for (const key of ['spill', 'failover'] as const) {
    if (route[key].length > 0)
      report.warn(['routes', route.name, key], 'never walked: every profile that may use this route says fallback: never', { at: 'key' });
  }
}

function lintBucket(report: Report, policy: Policy, bucket: Bucket, targets: Targets): void {
  const candidates = (name: string): readonly KnownTarget[] => {
    const route = policy.routes.find((one) => one.name === name);
    return [...(route?.target ?? []), ...(route?.spill ?? []), ...(route?.failover ?? [])].flatMap((id) => targets.get(id) ?? []);
  };
  if (bucket.image && !candidates(bucket.route).some(({ model }) => model.input.includes('image'))) {
    report.warn(['classify', bucket.name, 'image'], `no candidate of the route "${bucket.route}" takes images`, { at: 'key' });
  }
  for (const { tokens, route } of bucket.above) {
    if (candidates(route).every(({ model }) => model.context !== null && model.context <= tokens)) {
      report.warn(
        ['classify', bucket.name, 'above'],
        `no candidate of the route "${route}" has room for a prompt above ${formatSize(tokens)}`,
        { at: 'key' },
      );
    }
  }
}

/** Models that no caller can come to: not by a route, and not by a pin. */
function lintReach(report: Report, policy: Policy): void {
  const anywhere = policy.profiles.some((profile) => profile.routes === null);
  const outward = policy.profiles.some((profile) => profile.tier === 'local-first' || profile.tier === 'cloud-explicit');
  const listed = new Set(
    policy.routes
      .filter((route) => policy.profiles.some((profile) => mayUse(profile, route)))
      .flatMap((route) => [...route.target, ...route.spill, ...route.failover]),
  );
  for (const upstream of policy.upstreams) {
    for (const model of upstream.models) {
      const path = ['upstreams', upstream.name, 'models', model.name];
      if (model.location === 'cloud' && !outward)
        report.warn(path, 'never asked: no profile has a tier that reaches a cloud', { at: 'key' });
      else if (!anywhere && !listed.has(idOf(upstream, model)))
        report.warn(path, 'never asked: it is in no route, and every profile is bound to routes', { at: 'key' });
    }
  }
}
