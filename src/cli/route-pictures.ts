import type { TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import { effectiveRoutes } from './effective-routes.ts';
import type { EffectiveProfile, EffectiveRoute } from './effective-routes.ts';

/** The same way for several profiles of a route. */
interface Lane {
  readonly route: EffectiveRoute;
  readonly profiles: EffectiveProfile[];
}

/**
 * The walks of a policy as one Mermaid picture: per route and way a line from the callers over target, spill, wait and failover to
 * what happens when nobody answered. What stands in a cloud is dashed. `only`: the picture of this route alone.
 */
export function routePictures(tables: PolicyTables, only?: string): string {
  const routes = tables.policy.routes.filter((route) => only === undefined || route.name === only);
  const parts = routes.map((route, at) => {
    const lanes = lanesOf(route.name, tables);
    const lines = lanes.flatMap((lane, number) => laneLines(lane, `r${at}_${number}`, tables));
    return [`  subgraph r${at}["${route.name}"]`, ...lines.map((line) => `    ${line}`), '  end'].join('\n');
  });
  return `flowchart LR\n${parts.join('\n')}\n  classDef cloud stroke-dasharray: 5 5\n`;
}

/** The ways of one route; profiles that go the same way share one. Who may not use it, or never gets anywhere, is left out. */
function lanesOf(route: string, tables: PolicyTables): readonly Lane[] {
  const lanes = new Map<string, Lane>();
  for (const profile of effectiveRoutes(tables)) {
    const way = profile.routes.find((each) => each.route === route);
    if (!way || way.refusal !== null) continue;
    const key = JSON.stringify([way.target, way.spill, way.failover]);
    const lane = lanes.get(key) ?? { route: way, profiles: [] };
    lane.profiles.push(profile);
    lanes.set(key, lane);
  }
  return [...lanes.values()];
}

function laneLines({ route, profiles }: Lane, id: string, tables: PolicyTables): readonly string[] {
  const callers = profiles.map((profile) => profile.profile).join(', ');
  const waiting = profiles.filter((profile) => profile.waitMs > 0);
  const nodeOf = (name: string, targets: readonly TargetId[]): string => {
    const cloud = targets.every((target) => tables.targets.get(target)?.location === 'cloud');
    return `${id}${name}["${targets.map((target) => shortName(target, tables)).join(' / ')}"]${cloud ? ':::cloud' : ''}`;
  };
  const isCloud = (node: string): boolean => node.endsWith(':::cloud');
  const arrow = (to: string, label: string): string => (isCloud(to) ? `-. "${label}" .->` : `-->|"${label}"|`);
  const plain = (to: string): string => (isCloud(to) ? '-.->' : '-->');

  const target = nodeOf('t', route.target);
  const busy = route.spill.map((spill, at) => nodeOf(`s${at}`, [spill]));
  if (waiting.length > 0)
    busy.push(`${id}w(["${waiting.map((each) => `${each.profile} waits ${formatDuration(each.waitMs)}`).join('<br>')}"])`);
  const behind = [...route.failover.map((failover, at) => nodeOf(`f${at}`, [failover])), `${id}e{{"${endText(profiles)}"}}`];
  const [first = ''] = behind;

  const lines = [`${id}c(["${callers}"]) ${plain(target)} ${target}`];
  let from = `${id}t`;
  for (const node of busy) {
    lines.push(`${from} ${arrow(node, 'busy')} ${node}`);
    from = nameOf(node);
  }
  lines.push(`${from} ${busy.length > 0 ? arrow(first, 'still busy') : arrow(first, 'busy, down, failed')} ${first}`);
  if (busy.length > 0) lines.push(`${id}t ${arrow(first, 'down, failed')} ${nameOf(first)}`);
  for (const [at, node] of behind.slice(1).entries()) lines.push(`${nameOf(behind[at] ?? '')} ${plain(node)} ${node}`);
  return lines;
}

/** What happens when nobody answered; profiles are named where they differ. */
function endText(profiles: readonly EffectiveProfile[]): string {
  const ends = new Map<string, string[]>();
  for (const { profile, exhausted } of profiles) {
    const end =
      exhausted.type === 'queue' ? `queue, ${formatDuration(exhausted.maxMs)}` : exhausted.type === 'reply' ? 'its own reply' : 'an error';
    ends.set(end, [...(ends.get(end) ?? []), profile]);
  }
  if (ends.size === 1) return [...ends.keys()].join('');
  return [...ends].map(([end, names]) => `${names.join(', ')}: ${end}`).join('<br>');
}

function nameOf(node: string): string {
  return /^\w+/.exec(node)?.[0] ?? '';
}

/** As a person would write it: the upstream alone where it serves one model. Quotes would end a label of Mermaid. */
function shortName(id: TargetId, tables: PolicyTables): string {
  const upstream = id.slice(0, id.indexOf('/'));
  return (tables.upstreams.get(upstream)?.models.length === 1 ? upstream : id).replaceAll('"', '#quot;');
}
