import { cpSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, listFiles } from './tree.ts';

/**
 * A copy of the project in a temporary folder, to break without harm. `only` are the starts of the paths to take (all when absent).
 * `node_modules` is a link to the real one. The caller removes the folder.
 */
export function copyTree(options: { only?: readonly string[] } = {}): string {
  const copy = mkdtempSync(join(tmpdir(), 'gatehouse-copy-'));
  const wanted = listFiles('').filter((path) => options.only?.some((start) => path.startsWith(start)) ?? true);
  for (const path of wanted) cpSync(join(ROOT, path), join(copy, path));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
