import { keysAt, valueAt } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';

/** Names that clients and guarantees already use for something else. */
const reserved: ReadonlyMap<string, string> = new Map([
  ['auto', 'it means "decide for me"'],
  ['cloud', 'it means every target outside the house'],
]);

/** House, upstreams, routes and second names share one space of names, since a client's `model` may be any of them. */
export function checkNames(report: Report): void {
  const seen = new Map<string, string>();
  const take = (name: string, what: string, path: PolicyPath, at: 'key' | 'value'): void => {
    const meaning = reserved.get(name);
    if (meaning !== undefined) report.error(path, `"${name}" is reserved: ${meaning}`, { at });
    const before = seen.get(name);
    if (before !== undefined)
      report.error(path, `"${name}" is already the name of ${before}; house, upstreams and routes all have different names`, { at });
    else seen.set(name, what);
  };
  const house = valueAt(report.source, ['house']);
  if (typeof house === 'string') take(house, 'the house', ['house'], 'value');
  for (const name of keysAt(report.source, ['upstreams'])) take(name, 'an upstream', ['upstreams', name], 'key');
  for (const name of keysAt(report.source, ['routes'])) take(name, 'a route', ['routes', name], 'key');
}
