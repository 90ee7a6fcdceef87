import type { Model, Policy, TargetId, Upstream } from '#core/policy/policy.ts';
import { withoutLatest } from '#core/policy/tables.ts';
import { findUpstream } from './compile-upstreams.ts';
import type { Upstreams } from './compile-upstreams.ts';
import { didYouMean } from './did-you-mean.ts';
import type { PolicyPath, Report } from './policy-source.ts';

/** One target of a policy that is being read. */
export interface KnownTarget {
  readonly id: TargetId;
  readonly upstream: Upstream;
  readonly model: Model;
}

/** All targets of the upstreams that are right, by id. */
export function targetsOf(upstreams: Iterable<Upstream | null>): ReadonlyMap<TargetId, KnownTarget> {
  const targets = new Map<TargetId, KnownTarget>();
  for (const upstream of upstreams) {
    for (const model of upstream?.models ?? []) {
      if (upstream) targets.set(idOf(upstream, model), { id: idOf(upstream, model), upstream, model });
    }
  }
  return targets;
}

/** `upstream/model`; a trailing `:latest` is dropped, as it is wherever names are compared. */
export function idOf(upstream: Upstream, model: Model): TargetId {
  return `${upstream.name}/${withoutLatest(model.name)}`;
}

/** The target a text names; null if there is none, and then the reason is in the report, be it here or at the upstream that is wrong in itself. */
export function targetNamed(
  text: string,
  path: PolicyPath,
  known: { readonly upstreams: Upstreams; readonly house: Policy['house']; readonly others: readonly string[] },
  report: Report,
): TargetId | null {
  const { upstreams } = known;
  const slash = text.indexOf('/');
  if (slash < 0) return upstreamAlone(text, path, known, report);
  const [head, rest] = [text.slice(0, slash), text.slice(slash + 1)];
  const upstream = findUpstream(upstreams, head);
  if (upstream.state === 'broken') return null;
  if (upstream.state === 'unknown') {
    const plain = head === known.house && (known.others.includes(rest) || upstreams.has(rest));
    const near = didYouMean(head, upstreams.keys());
    report.error(path, `no target "${text}"`, { suggestion: plain ? rest : near === null ? null : `${near}/${rest}` });
    return null;
  }
  const model = upstream.value.models.find((one) => withoutLatest(one.name) === withoutLatest(rest));
  if (model) return idOf(upstream.value, model);
  const names = upstream.value.models.map((one) => one.name);
  const near = didYouMean(rest, names);
  const said = near === null ? `no target "${text}": ${head} serves ${names.join(', ')}` : `no target "${text}"`;
  report.error(path, said, { suggestion: near === null ? null : `${head}/${near}` });
  return null;
}

function upstreamAlone(
  text: string,
  path: PolicyPath,
  known: { readonly upstreams: Upstreams; readonly others: readonly string[] },
  report: Report,
): TargetId | null {
  const upstream = findUpstream(known.upstreams, text);
  if (upstream.state === 'broken') return null;
  if (upstream.state === 'known') {
    const [only, ...more] = upstream.value.models;
    if (only && more.length === 0) return idOf(upstream.value, only);
    const choices = upstream.value.models.map((model) => idOf(upstream.value, model));
    report.error(path, `"${text}" serves ${choices.length} models; say which: ${choices.join(' or ')}`);
    return null;
  }
  const servers = [...targetsOf(known.upstreams.values()).values()].filter(
    ({ model }) => withoutLatest(model.name) === withoutLatest(text),
  );
  if (servers.length > 0) {
    report.error(path, `no target "${text}": it is a model; write ${servers.map(({ id }) => id).join(' or ')}`);
  } else {
    report.error(path, `no target "${text}"`, { suggestion: didYouMean(text, [...known.upstreams.keys(), ...known.others]) });
  }
  return null;
}
