import { existsSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';

/** A policy file that was asked for or found. */
export interface FoundPolicy {
  readonly path: string;
  /** How messages name it: relative inside the working folder, else in full. */
  readonly file: string;
  /** True if somebody named it, so that its absence is an error and not a reason to look elsewhere. */
  readonly named: boolean;
}

/** What decides where a policy is looked for. */
export interface PolicySearch {
  /** `--policy`, if given. */
  readonly option: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Finds the policy file: `--policy`, `$GATEHOUSE_POLICY`, else the first that exists of `policyPlaces`; null if there is none. */
export function findPolicy(search: PolicySearch): FoundPolicy | null {
  const named = search.option ?? (search.env['GATEHOUSE_POLICY'] || undefined);
  if (named !== undefined) return foundAt(resolve(search.cwd, named), search.cwd, true);
  const path = policyPlaces(search).find((place) => existsSync(place));
  return path === undefined ? null : foundAt(path, search.cwd, false);
}

/** Where a policy is looked for when nobody names one: `./gatehouse.yaml`, the configuration folder, `/etc/gatehouse`. */
export function policyPlaces(search: Pick<PolicySearch, 'env' | 'cwd'>): readonly string[] {
  const { XDG_CONFIG_HOME: xdg, HOME: home } = search.env;
  // The XDG rules have relative values ignored.
  const config = xdg !== undefined && isAbsolute(xdg) ? xdg : home !== undefined && home !== '' ? join(home, '.config') : null;
  return [
    join(search.cwd, 'gatehouse.yaml'),
    ...(config === null ? [] : [join(config, 'gatehouse', 'gatehouse.yaml')]),
    '/etc/gatehouse/gatehouse.yaml',
  ];
}

function foundAt(path: string, cwd: string, named: boolean): FoundPolicy {
  const inside = relative(cwd, path);
  return { path, file: inside.startsWith('..') || isAbsolute(inside) ? path : inside, named };
}
