import type { Drain } from '#core/fleet/health.ts';
import { isStartProblem } from './ports.ts';
import type { PrivateFiles, StartProblem } from './ports.ts';

const fileName = 'drains.json';

/** The drains that were in force when the gatehouse last ran. A drained machine stays drained over a restart. */
export async function readDrains(files: PrivateFiles): Promise<readonly Drain[] | StartProblem> {
  const found = await files.read(fileName);
  if (isStartProblem(found)) return found;
  if (found.text === null) return [];
  const drains = parseDrains(found.text);
  return (
    drains ?? {
      problem: `${fileName} in the data folder is not a list of drains`,
      remedy: 'restore it, or remove it and drain again what should take no work',
    }
  );
}

/** Keeps the drains; durable once it resolves. */
export function writeDrains(files: PrivateFiles, drains: readonly Drain[]): Promise<void> {
  return files.write(fileName, `${JSON.stringify(drains, null, 2)}\n`);
}

function parseDrains(text: string): readonly Drain[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isDrain) ? value.map(({ type, name }) => ({ type, name })) : null;
  } catch {
    return null;
  }
}

function isDrain(value: unknown): value is Drain {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('name' in value)) return false;
  return (value.type === 'route' || value.type === 'upstream') && typeof value.name === 'string' && value.name !== '';
}
