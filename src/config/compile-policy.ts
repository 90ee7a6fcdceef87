import type { Policy, RecordPolicy } from '#core/policy/policy.ts';
import { checkUsable } from './check-usable.ts';
import { compileClassify } from './compile-classify.ts';
import { compileCost } from './compile-cost.ts';
import { compileTraces } from './compile-export.ts';
import { compileGuarantees } from './compile-guarantees.ts';
import { checkNames } from './compile-names.ts';
import { compileProfiles } from './compile-profiles.ts';
import { compileRoutes } from './compile-routes.ts';
import { compileUpstreams } from './compile-upstreams.ts';
import type { UpstreamRules } from './compile-upstreams.ts';
import { lintPolicy } from './lint-policy.ts';
import { readHosts, readListen } from './listen.ts';
import { keysAt, valueAt } from './policy-source.ts';
import type { Report } from './policy-source.ts';
import { reportIssues } from './schema-problems.ts';
import { policyFileSchema } from './schema.ts';
import type { RecordFile } from './schema.ts';

/** Tags whose blocks clients put into user messages. */
const injectedTags = ['system-reminder', 'environment_context'];

/** Compiles a parsed file; null if anything is wrong with it, which is then in the report: all of it, not the first. */
export function compilePolicy(report: Report, rules: UpstreamRules): Policy | null {
  const { source } = report;
  const parsed = policyFileSchema.safeParse(source.value);
  if (!parsed.success) reportIssues(parsed.error.issues, policyFileSchema, report);
  checkNames(report);
  const named = valueAt(source, ['house']);
  const house = typeof named === 'string' ? named : '';
  if (source.spots.has('upstreams') && keysAt(source, ['upstreams']).length === 0)
    report.error(['upstreams'], 'there is no upstream in it', { at: 'key' });
  const upstreams = compileUpstreams(report, rules);
  const routes = compileRoutes(report, upstreams, house);
  const buckets = compileClassify(report, routes);
  const profiles = compileProfiles(report, routes);
  const guarantees = compileGuarantees(report, { upstreams, routes, profiles, house });
  checkUsable(report, routes, profiles);
  const cost = compileCost(report, parsed.data?.cost?.currency);
  const traces = compileTraces(report);
  const listen = readListen(parsed.data?.listen, report);
  const hosts = readHosts(parsed.data?.hosts, report);
  if (report.errors.length > 0 || !parsed.success) return null;
  const policy: Policy = {
    version: 1,
    house,
    listen,
    hosts,
    injected: parsed.data.injected ?? injectedTags,
    upstreams: [...upstreams.values()].filter((upstream) => upstream !== null),
    routes: [...routes.routes.values()].filter((route) => route !== null),
    secondNames: routes.secondNames,
    buckets,
    profiles: [...profiles.values()].filter((profile) => profile !== null),
    guarantees,
    ...(cost === null ? {} : { cost }),
    ...(parsed.data.record === undefined ? {} : { record: recordOf(parsed.data.record) }),
    ...(traces === null ? {} : { traces }),
  };
  lintPolicy(report, policy);
  return policy;
}

function recordOf({ checkpoints, files, keep, max }: RecordFile): RecordPolicy {
  return { checkpoints: checkpoints ?? null, files: files ?? false, keepMs: keep ?? null, maxBytes: max ?? null };
}
