import type { LoadedPolicy } from '#config/load.ts';
import type { PolicySource } from '#config/policy-source.ts';
import { formatProblem } from '#config/problem.ts';
import { violationAt } from '#compose/prove-house.ts';
import type { Exhausted, TargetId } from '#core/policy/policy.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { Proof, Violation } from '#prover/proof.ts';
import { provePolicy } from '#prover/prove.ts';
import { effectiveRoutes } from './effective-routes.ts';
import type { EffectiveProfile, EffectiveRoute } from './effective-routes.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { placesLookedAt, readPolicy } from './load-house.ts';
import { backtestHint } from './record/backtest-hint.ts';
import { routePictures } from './route-pictures.ts';
import { painter } from './shell.ts';
import type { Paint, Shell } from './shell.ts';
import { textTable } from './text-table.ts';

/** What `check` is asked for beside the proof as text. */
interface CheckOptions {
  readonly json: boolean;
  /** The walks as a picture, and no proof. */
  readonly picture: boolean;
}

/** Checks a policy; gives the exit code. */
export function runCheck(policy: string | undefined, options: CheckOptions, shell: Shell): number {
  const read = readPolicy(policy, shell);
  if (read === null) throw new CliStop(exitCodes.invalid, `there is no policy to check; looked at ${placesLookedAt(shell)}`);
  const { file, result } = read;
  if (!result.ok) {
    if (options.json) shell.out(`${JSON.stringify({ ok: false, file, problems: result.problems, warnings: result.warnings }, null, 2)}\n`);
    else for (const problem of [...result.problems, ...result.warnings]) shell.err(`${formatProblem(problem)}\n`);
    if (!options.json) shell.err(`${countOf(result.problems.length, 'error')}: this policy does not load\n`);
    return exitCodes.invalid;
  }
  const tables = tablesOf(result.policy, result.hash);
  if (options.picture) {
    shell.out(routePictures(tables));
    return exitCodes.ok;
  }
  const profiles = effectiveRoutes(tables);
  const startedMs = performance.now();
  const proof = provePolicy(tables);
  const proved: Proved = { ...proof, ms: Math.ceil(performance.now() - startedMs) };
  const ok = proof.violations.length === 0;
  if (options.json) {
    const { hash, warnings, notes, source } = result;
    const { violations, ...figures } = proved;
    const placed = violations.map((violation) => ({ ...violation, at: violation.path === null ? null : violationAt(source, violation) }));
    shell.out(`${JSON.stringify({ ok, file, hash, warnings, notes, violations: placed, proof: figures, profiles }, null, 2)}\n`);
  } else {
    for (const problem of [...result.warnings, ...result.notes]) shell.err(`${formatProblem(problem)}\n`);
    shell.out(report({ file, result, tables, profiles, proved }, painter(shell, shell.outIsTty)));
    const hint = ok ? backtestHint(file, tables, shell) : null;
    if (hint !== null) shell.out(`\n${hint}\n`);
  }
  return ok ? exitCodes.ok : exitCodes.violated;
}

interface Checked {
  readonly file: string;
  readonly result: LoadedPolicy;
  readonly tables: PolicyTables;
  readonly profiles: readonly EffectiveProfile[];
  readonly proved: Proved;
}

/** A proof and how long it took. */
interface Proved extends Proof {
  readonly ms: number;
}

function report({ file, result, tables, profiles, proved }: Checked, paint: Paint): string {
  const { policy } = tables;
  const parts = profiles.map((profile) => profileText(profile, tables, paint));
  const guarantees = policy.guarantees.map(({ name }) => {
    const breaks = proved.violations.filter((violation) => violation.guarantee === name);
    return breaks.length === 0
      ? `  ${paint('green', 'holds')}     ${name}\n`
      : breaks.map((violation) => brokenLine(violation, result.source, paint)).join('');
  });
  const builtIn = proved.violations.filter((violation) => violation.builtIn !== null);
  guarantees.push(...builtIn.map((violation) => brokenLine(violation, result.source, paint)));
  if (guarantees.length > 0) parts.push(`${paint('bold', 'guarantees')}\n${guarantees.join('')}`);
  const warned = result.warnings.length === 0 ? '' : `, ${countOf(result.warnings.length, 'warning')}`;
  const ok = proved.violations.length === 0;
  const end = ok ? paint('green', 'ok') : paint('red', countOf(proved.violations.length, 'violation'));
  const figures = [
    countOf(policy.upstreams.length, 'upstream'),
    countOf(policy.routes.length, 'route'),
    countOf(policy.profiles.length, 'profile'),
  ];
  parts.push(
    `${proofLine(proved)}\n${file}: ${end} (${policy.house}: ${figures.join(', ')}${warned}; policy ${result.hash.slice(0, 12)})\n`,
  );
  return parts.join('\n');
}

/** `proved: 1199 states, 14 guarantees, 120 ms`; where not every state was looked at, it says so. */
function proofLine({ violations, states, guarantees, walks, sampled, ms }: Proved): string {
  const figures = `${countOf(states, 'state')}, ${countOf(guarantees, 'guarantee')}, ${ms} ms`;
  const rest =
    sampled === null
      ? ''
      : `; too many states to look at all of them: ${sampled.walks} of ${countOf(walks, 'walk')} sampled, seed ${sampled.seed}`;
  const how = violations.length > 0 ? 'not proved' : sampled === null ? 'proved' : 'proved in part';
  return `${how}: ${figures}${rest}`;
}

function profileText(profile: EffectiveProfile, tables: PolicyTables, paint: Paint): string {
  const wait = profile.waitMs > 0 ? `, waits ${formatDuration(profile.waitMs)} for a busy target` : '';
  const header = `${paint('bold', profile.profile)} (${profile.tier}${wait}; ${exhaustedText(profile.exhausted)})\n`;
  const head = ['route', 'target', 'if busy', 'then', 'left out'].map((cell) => paint('dim', cell));
  return header + textTable([head, ...profile.routes.map((route) => routeRow(route, tables))], { indent: '  ' });
}

function routeRow(route: EffectiveRoute, tables: PolicyTables): readonly string[] {
  const short = (ids: readonly TargetId[]): string => (ids.length === 0 ? '-' : ids.map((id) => shortName(id, tables)).join(', '));
  const name = route.names.join(', ');
  if (route.refusal !== null) return [name, `never: ${route.refusal}`];
  const removed = route.removed.map(({ target, why }) => `${shortName(target, tables)} (${why === 'tier' ? 'tier' : 'no fallback'})`);
  return [name, short(route.target), short(route.spill), short(route.failover), removed.join(', ')];
}

/** As a person would write it: the upstream alone where it serves one model. */
function shortName(id: TargetId, tables: PolicyTables): string {
  const upstream = id.slice(0, id.indexOf('/'));
  return tables.upstreams.get(upstream)?.models.length === 1 ? upstream : id;
}

function exhaustedText(exhausted: Exhausted): string {
  if (exhausted.type === 'queue') return `nobody left: queues for ${formatDuration(exhausted.maxMs)}`;
  if (exhausted.type === 'reply') return `nobody left: replies ${JSON.stringify(exhausted.json)}`;
  return 'nobody left: an error';
}

function brokenLine(violation: Violation, source: PolicySource, paint: Paint): string {
  const { guarantee, path, sentence } = violation;
  const { file, line, column } = violationAt(source, violation);
  return `  ${paint('red', 'violated')}  ${path === null ? '' : `${file}:${line}:${column} `}${guarantee}: ${sentence}\n`;
}

function countOf(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
