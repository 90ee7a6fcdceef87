import type { Profile, Route, TargetId } from '#core/policy/policy.ts';
import type { Profiles } from './compile-profiles.ts';
import type { Routes } from './compile-routes.ts';
import type { Report } from './policy-source.ts';
import type { KnownTarget } from './target-names.ts';

/** A route that nobody could ever use is a mistake: no profile names it, or no tier leaves it a candidate. */
export function checkUsable(report: Report, routes: Routes, profiles: Profiles): void {
  const known = [...profiles.values()].filter((profile) => profile !== null);
  if (known.length === 0 || known.length < profiles.size) return;
  for (const [name, route] of routes.routes) {
    if (!route) continue;
    const allowed = known.filter((profile) => mayUse(profile, route));
    if (allowed.length === 0) {
      report.error(['routes', name], `no profile may use the route "${name}"; add it to the routes of a profile, or take it out`, {
        at: 'key',
      });
    } else if (!allowed.some((profile) => tierLeaves(profile, route, routes.targets))) {
      const tiers = [...new Set(allowed.map((profile) => profile.tier))].join(', ');
      report.error(['routes', name], `no profile can use the route "${name}": it leads only to a cloud, and their tier is ${tiers}`, {
        at: 'key',
      });
    }
  }
}

/** Whether a profile's `routes` name this route. */
export function mayUse(profile: Profile, route: Route): boolean {
  return profile.routes === null || profile.routes.includes(route.name);
}

/** Whether a profile's tier leaves a route any candidate: all but `cloud-explicit` need one in the house. */
function tierLeaves(profile: Profile, route: Route, targets: ReadonlyMap<TargetId, KnownTarget>): boolean {
  if (profile.tier === 'cloud-explicit') return true;
  const reachable = profile.fallback === 'never' ? route.target : [...route.target, ...route.spill, ...route.failover];
  return reachable.some((id) => targets.get(id)?.model.location === 'house');
}
