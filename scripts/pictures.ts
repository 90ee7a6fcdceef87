import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { routePictures } from '#cli/route-pictures.ts';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { tablesOf } from '#core/policy/tables.ts';
import { ROOT } from './tree.ts';

/** The pages with pictures of a policy. */
export const PICTURED_PAGES = ['README.md', 'docs/routing.md'] as const;

const picturePattern = /(<!-- picture: (\S+)(?: (\S+))? -->\n```mermaid\n)[\s\S]*?(```\n)/g;

/** A page with its pictures drawn again: each from the policy its marker names; of a page, its first block of YAML is meant. */
export function withPictures(page: string): string {
  return page.replace(picturePattern, (_, head: string, source: string, route: string | undefined, end: string) => {
    return `${head}${pictureOf(source, route)}${end}`;
  });
}

function pictureOf(source: string, route: string | undefined): string {
  const text = readFileSync(join(ROOT, source), 'utf8');
  const policy = source.endsWith('.md') ? (/^```yaml\n([\s\S]*?)^```$/m.exec(text)?.[1] ?? '') : text;
  const loaded = loadPolicy(policy, { file: source, folder: ROOT, env: {} });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return routePictures(tablesOf(loaded.policy, loaded.hash), route);
}
