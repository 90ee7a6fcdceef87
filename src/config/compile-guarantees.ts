import type { Guarantee } from '#core/policy/policy.ts';
import { placed } from './compilation.ts';
import type { Profiles } from './compile-profiles.ts';
import { routeNamed } from './compile-routes.ts';
import type { Routes } from './compile-routes.ts';
import type { Upstreams } from './compile-upstreams.ts';
import { didYouMean } from './did-you-mean.ts';
import { valueAt } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';
import { guaranteeSchema } from './schema.ts';
import type { GuaranteeFile } from './schema.ts';
import { targetNamed } from './target-names.ts';

/** What guarantees refer to. */
export interface GuaranteeScope {
  readonly upstreams: Upstreams;
  readonly routes: Routes;
  readonly profiles: Profiles;
  readonly house: string;
}

/** Compiles `guarantees:`. Whether they hold is proved elsewhere; here they only have to make sense. */
export function compileGuarantees(report: Report, scope: GuaranteeScope): readonly Guarantee[] {
  const list = valueAt(report.source, ['guarantees']);
  if (!Array.isArray(list)) return [];
  const names = new Set<string>();
  return list.flatMap((raw: unknown, at) => {
    const parsed = guaranteeSchema.safeParse(raw);
    if (!parsed.success) return [];
    const file = parsed.data;
    const path = ['guarantees', at];
    if (names.has(file.name)) report.error([...path, 'name'], `another guarantee is already named "${file.name}"`);
    names.add(file.name);
    const when = whenOf(file, [...path, 'when'], scope, report);
    if ((file.only === undefined) === (file.never === undefined)) {
      report.error(path, `"${file.name}" needs exactly one of only and never`);
      return [];
    }
    const only = partiesOf(file.only, [...path, 'only'], scope, report);
    const never = partiesOf(file.never, [...path, 'never'], scope, report);
    return [{ name: file.name, when, only, never }];
  });
}

function whenOf(file: GuaranteeFile, path: PolicyPath, scope: GuaranteeScope, report: Report): Guarantee['when'] {
  const { profile, tier, route } = file.when ?? {};
  if (profile !== undefined && !scope.profiles.has(profile)) {
    report.error([...path, 'profile'], `no profile "${profile}"`, { suggestion: didYouMean(profile, scope.profiles.keys()) });
  }
  return {
    profile: profile ?? null,
    tier: tier ?? null,
    route: route === undefined ? null : routeNamed(scope.routes, route, [...path, 'route'], report),
  };
}

/** Upstreams, targets and `cloud`, as they are compared with a plan's targets. */
function partiesOf(
  texts: readonly string[] | undefined,
  path: PolicyPath,
  scope: GuaranteeScope,
  report: Report,
): readonly string[] | null {
  if (texts === undefined) return null;
  return placed(texts, path).flatMap(({ text, path: at }) => {
    if (text === 'cloud' || scope.upstreams.has(text)) return [text];
    if (scope.routes.ownNames.has(text)) {
      report.error(at, `"${text}" is a route; a guarantee names upstreams, targets or cloud`);
      return [];
    }
    const id = targetNamed(text, at, { upstreams: scope.upstreams, house: scope.house, others: ['cloud'] }, report);
    return id === null ? [] : [id];
  });
}
