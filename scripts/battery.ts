/**
 * `npm run battery`: everything larger than `npm test`, one part after the other (`battery-parts.ts`). `--only sim,fuzz` runs some;
 * `--scale 0.01` a hundredth of each. What a part found (seed, counts, seconds, commit) goes into `docs/battery.json`, unless it was scaled;
 * parts that were not run stay as they were. Ends with 1 if a part failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { batteryParts } from './battery-parts.ts';
import type { BatteryPart } from './battery-parts.ts';
import { HARDENING } from './hardening.ts';
import { ROOT } from './tree.ts';

/** What the file says of one part. */
interface PartResult {
  readonly outcome: 'passed' | 'failed';
  readonly seconds: number;
  readonly command: string;
  readonly commit: string;
  /** Whether the tree was just that commit. */
  readonly clean: boolean;
  /** As the part's own last line says. */
  readonly result: Readonly<Record<string, unknown>> | null;
}

const resultsPath = join(ROOT, 'docs', 'battery.json');

const { values } = parseArgs({ options: { only: { type: 'string' }, scale: { type: 'string', default: '1' } } });
const scale = Number(values.scale);
const wanted = values.only?.split(',') ?? batteryParts.map(({ name }) => name);
const unknown = wanted.filter((name) => !batteryParts.some((part) => part.name === name));
if (unknown.length > 0 || !(scale > 0 && scale <= 1)) {
  console.error(`npm run battery -- [--only ${batteryParts.map(({ name }) => name).join(',')}] [--scale 0.01]`);
  process.exit(2);
}

const results: [string, PartResult][] = [];
for (const part of batteryParts.filter(({ name }) => wanted.includes(name))) {
  const result = await run(part);
  results.push([part.name, result]);
  console.log(`${part.name}: ${result.outcome} in ${result.seconds} s ${JSON.stringify(result.result)}`);
  if (scale === 1) keep(part.name, result);
}
if (scale !== 1) console.log(`at a scale of ${scale} nothing is kept`);
const failed = results.filter(([, { outcome }]) => outcome === 'failed').map(([name]) => name);
console.log(JSON.stringify({ part: 'battery', parts: results.length, failed: failed.length }));
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs one part; its lines are shown as they come. */
async function run(part: BatteryPart): Promise<PartResult> {
  const args = part.command((count) => String(Math.max(1, Math.round(count * scale))));
  console.log(`${part.name}: ${args.join(' ')}`);
  const { commit, clean } = tree();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...HARDENING, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  let last: PartResult['result'] = null;
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(`  ${line}`);
    last = resultIn(line) ?? last;
  }
  const code = await exited;
  const outcome = code === 0 && (last === null || last['failed'] === 0) ? 'passed' : 'failed';
  return {
    outcome,
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    command: `node ${args.join(' ')}`,
    commit,
    clean,
    result: last,
  };
}

/** A part's own account of itself; null for any other line. */
function resultIn(line: string): PartResult['result'] {
  if (!line.startsWith('{"part":')) return null;
  const said: unknown = JSON.parse(line);
  if (typeof said !== 'object' || said === null) return null;
  return Object.fromEntries(Object.entries(said).filter(([name]) => name !== 'part'));
}

/** Puts one part's result into the file and leaves the others. */
function keep(name: string, result: PartResult): void {
  const kept = new Map<string, unknown>([...known(), [name, result]]);
  const ordered = Object.fromEntries(batteryParts.flatMap((part) => (kept.has(part.name) ? [[part.name, kept.get(part.name)]] : [])));
  writeFileSync(resultsPath, `${JSON.stringify(ordered, null, 2)}\n`);
}

function known(): readonly [string, unknown][] {
  if (!existsSync(resultsPath)) return [];
  const said: unknown = JSON.parse(readFileSync(resultsPath, 'utf8'));
  return typeof said === 'object' && said !== null ? Object.entries(said) : [];
}

function tree(): { readonly commit: string; readonly clean: boolean } {
  const git = (...args: string[]): string => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout.trim();
  return { commit: git('rev-parse', 'HEAD'), clean: git('status', '--porcelain', '--', 'src', 'test', 'scripts', 'package.json') === '' };
}
