import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadPolicy } from '#config/load.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';

/** The folder of the scenario files. */
export const scenarioFolder = import.meta.dirname;

/** Text of a policy file of this folder. */
export function policyText(name: string): string {
  return readFileSync(join(scenarioFolder, name), 'utf8');
}

/** Loads a policy from its text; what is wrong with it, as lines, if it does not load. */
export function houseFrom(text: string, file: string): PolicyTables | readonly string[] {
  const loaded = loadPolicy(text, { file, folder: scenarioFolder, env: { CLOUD_KEY: 'a key of nobody' } });
  if (!loaded.ok)
    return loaded.problems.map((problem) => `${problem.file}:${problem.line}:${problem.column} ${problem.path}: ${problem.message}`);
  return tablesOf(loaded.policy, loaded.hash);
}

/** A house of this folder, which has to load. */
export function house(name: string): PolicyTables {
  const tables = houseFrom(policyText(name), name);
  if (!('policy' in tables)) throw new Error(tables.join('\n'));
  return tables;
}
