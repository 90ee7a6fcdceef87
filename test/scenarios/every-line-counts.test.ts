import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chainDepartures } from './fallback-chain.ts';
import { houseFrom, policyText, scenarioFolder } from './load-house.ts';
import { departures, outcomeOf } from './run-scenario.ts';
import { readScenarios } from './scenario-file.ts';
import type { ScenarioFile } from './scenario-file.ts';

/**
 * The scenarios see the whole policy: without any one line of it, or any one entry of a list, the file does not load or a scenario is
 * red.
 */
const policies = readdirSync(scenarioFolder).filter((name) => name.endsWith('.yaml') && !name.includes('-'));
const scenarioFiles = readdirSync(scenarioFolder)
  .filter((name) => name.endsWith('.yaml') && name.includes('-'))
  .map((name) => readScenarios(join(scenarioFolder, name)));

/** Whether nobody notices: the policy loads and every scenario is as expected. */
function unnoticed(text: string, policy: string): boolean {
  const tables = houseFrom(text, policy);
  if (!('policy' in tables)) return false;
  const quiet = ({ scenarios, chains }: ScenarioFile): boolean =>
    scenarios.every((scenario) => departures(scenario, outcomeOf(tables, scenario.request, scenario.fleet)).length === 0) &&
    chains.every((chain) => chainDepartures(chain, tables).length === 0);
  try {
    return scenarioFiles.filter((file) => file.policy === policy).every(quiet);
  } catch {
    // A scenario that names what is no longer there is red as well.
    return false;
  }
}

/** The text without each of its lines in turn, comments and empty lines aside. */
function withoutEachLine(text: string): readonly (readonly [what: string, text: string])[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) =>
    /^\s*(#.*)?$/.test(line) ? [] : [[`line ${at + 1}: ${line.trim()}`, lines.toSpliced(at, 1).join('\n')] as const],
  );
}

/** The text without each entry in turn of its lists in brackets and mappings in braces. */
function withoutEachEntry(text: string): readonly (readonly [what: string, text: string])[] {
  return [...text.matchAll(/[[{]([^[\]{}]+)[\]}]/g)].flatMap((match) => {
    const entries = (match[1] ?? '').split(',');
    if (entries.length < 2) return [];
    const start = match.index + 1;
    const end = start + (match[1] ?? '').length;
    const shorter = (at: number): string => `${text.slice(0, start)}${entries.toSpliced(at, 1).join(',')}${text.slice(end)}`;
    // That a model takes text goes without saying; the policies say it all the same.
    return entries
      .map((entry, at) => [`entry ${entry.trim()} of ${match[0]}`, shorter(at)] as const)
      .filter(([what]) => !what.startsWith('entry text '));
  });
}

for (const policy of policies) {
  const text = policyText(policy);

  test(`${policy} as it stands is as expected`, () => assert.ok(unnoticed(text, policy)));

  test(`${policy}: no line is there for nothing`, () => {
    const removals = withoutEachLine(text);
    assert.ok(removals.length > 20);
    assert.deepEqual(
      removals.filter(([, shorter]) => unnoticed(shorter, policy)).map(([what]) => what),
      [],
    );
  });

  test(`${policy}: no entry of a list is there for nothing`, () => {
    const removals = withoutEachEntry(text);
    assert.ok(removals.length > 0);
    assert.deepEqual(
      removals.filter(([, shorter]) => unnoticed(shorter, policy)).map(([what]) => what),
      [],
    );
  });
}
