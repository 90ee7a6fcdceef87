/** How long the proof of one policy takes in a process that has just started, as at the start of a house. Prints seconds. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadPolicy } from '#config/load.ts';
import { tablesOf } from '#core/policy/tables.ts';
import { provePolicy } from '#prover/prove.ts';
import { twelveUpstreams } from './twelve-upstreams.ts';

const path = process.argv[2];
const text = path === undefined ? twelveUpstreams() : readFileSync(path, 'utf8');
// Keys that a policy takes from the environment are never used here.
const env = Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map((match) => [match[1] ?? '', 'none']));
const loaded = loadPolicy(text, { file: path ?? 'twelve upstreams', folder: dirname(path ?? '.'), env });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const tables = tablesOf(loaded.policy, loaded.hash);
const beganAt = performance.now();
const { violations } = provePolicy(tables);
const seconds = (performance.now() - beganAt) / 1_000;
if (violations.length > 0) throw new Error(JSON.stringify(violations));
console.log(seconds);
