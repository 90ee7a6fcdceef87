import type { Found } from '#discovery/ask-places.ts';
import { placesNotAsked } from '#discovery/ports.ts';

/** What was found, and what was left out and why, one line each. */
export function foundLines({ servers, declined }: Found): readonly string[] {
  const lines = servers.map(({ title, url, models, remote }) => {
    const left = remote.length === 0 ? '' : `; left out, because they run in a cloud: ${remote.join(', ')}`;
    return `${title} at ${url}: ${models.length === 1 ? 'one model' : `${models.length} models`}${left}`;
  });
  const skipped = [...declined, ...placesNotAsked.map(({ port, why }) => ({ url: `port ${port}`, why }))];
  return [...lines, ...(servers.length === 0 ? ['nobody answered'] : []), ...skipped.map(({ url, why }) => `${url} is left out: ${why}`)];
}
