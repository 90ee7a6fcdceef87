import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The project's root folder. */
export const ROOT = join(import.meta.dirname, '..');

const NOT_OURS = new Set(['node_modules', '.git', '.cache', 'tmp']);

/** Every file of the project below `folder` (`''` is the root), as sorted paths from the root. Links are not followed. */
export function listFiles(folder: string, options: { root?: string } = {}): string[] {
  const root = options.root ?? ROOT;
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => !NOT_OURS.has(entry.name));
  const paths = entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listFiles(path, { root });
    return entry.isFile() ? [path] : [];
  });
  return paths.toSorted();
}
