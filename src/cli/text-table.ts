import { stripVTControlCharacters } from 'node:util';

/** Rows as aligned columns, two spaces between them; the last column is not padded. Widths count what a terminal shows. */
export function textTable(rows: readonly (readonly string[])[], options: { readonly indent?: string } = {}): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, shownWidth(cell))));
  return rows.map((row) => `${options.indent ?? ''}${lineOf(row, widths)}\n`).join('');
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, at) => (at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - shownWidth(cell))));
  return cells.join('  ').trimEnd();
}

/** Colours take no room. */
function shownWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}
