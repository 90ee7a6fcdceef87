import type { UpstreamKind } from '#upstreams/kind.ts';

/** The paths that are asked for free, kind by kind, as a Markdown table. */
export function pathsTable(kinds: readonly UpstreamKind[]): string {
  const cell = (paths: readonly (string | undefined)[]): string => {
    const said = paths.filter((path) => path !== undefined).map((path) => `\`${path}\``);
    return said.length === 0 ? '–' : said.join(', else ');
  };
  return table(
    ['kind', 'server', 'is it there', 'what it serves', 'more of that', 'what it works on'],
    kinds.map((kind) => [
      `\`${kind.name}\``,
      kind.title,
      cell([kind.probe.path]),
      cell([kind.catalogue.path, ...(kind.catalogue.elsePaths ?? [])]),
      cell([kind.details?.path]),
      cell([kind.load?.path]),
    ]),
  );
}

/** What each kind says of itself, as a Markdown table. */
export function saysTable(kinds: readonly UpstreamKind[]): string {
  return table(
    ['kind', 'a model being loaded', 'work under way', 'the window', 'where data goes', 'a caller that leaves'],
    kinds.map(({ name, says }) => [`\`${name}\``, says.loading, says.queue, says.context, says.location, says.abort]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
