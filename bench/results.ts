import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '#scripts/tree.ts';
import type { Figure } from './figure.ts';

/** A run that is kept. */
interface Results {
  readonly date: string;
  readonly commit: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly node: string;
    readonly nginx: string;
  };
  readonly figures: readonly Figure[];
}

const resultsPath = join(ROOT, 'bench/results.json');
const pagePath = join(ROOT, 'docs/performance.md');

/** Keeps the figures with where and when they were measured, and writes the page from them. Figures of this run replace those of the same name. */
export function writeResults(figures: readonly Figure[]): void {
  const before = existsSync(resultsPath) ? (JSON.parse(readFileSync(resultsPath, 'utf8')) as Results).figures : [];
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1e9),
      node: process.version,
      nginx: /nginx\/(\S+)/.exec(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr ?? '')?.[1] ?? 'none',
    },
    figures: [...before.filter(({ name }) => !figures.some((figure) => figure.name === name)), ...figures],
  };
  writeFileSync(resultsPath, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(pagePath, performancePage(results));
}

/** What the page says of the figures of each subject; `starts` are the names it is about. */
const sections: readonly { readonly title: string; readonly starts: readonly string[]; readonly text: string }[] = [
  {
    title: 'A decision',
    starts: ['decision'],
    text: 'From the bytes of a chat request to its route: reading the JSON, making the facts, looking for the words of the policy, deciding. By the length of the prompt; *growth* is the cost per character at 1 MB over that at 64 kB.',
  },
  {
    title: 'A whole answer',
    starts: ['request'],
    text: 'Processor time per request with everything on: key, classification, routing, judge, record. A prompt of 1,000 characters, an answer of 550, 16 callers at once.',
  },
  {
    title: 'A streamed event',
    starts: ['event'],
    text: 'Processor time per event of 200 streams with 50 events a second each; every event is read, judged and sent on by itself. The reference does not buffer.',
  },
  {
    title: 'The first token',
    starts: ['first token'],
    text: 'At 50 requests a second: the time to the first event through the house, less that of the same server asked directly.',
  },
  {
    title: 'A thousand streams',
    starts: ['1,000 streams'],
    text: '20 tokens a second each, at once. *Gap added* is how much longer the pause between two tokens was for the caller than the server made it.',
  },
  {
    title: 'Start and rest',
    starts: ['start', 'idle'],
    text: 'A second start, with the compile cache in place: from the command to the first whole answer, and the resident memory five seconds later.',
  },
  { title: 'Proving a policy', starts: ['proof'], text: 'In a process that has just started, as at the start of a house.' },
];

function performancePage({ date, commit, machine, figures }: Results): string {
  const parts = sections.map(({ title, starts, text }) => {
    const rows = figures.filter(({ name }) => starts.some((start) => name.startsWith(start))).map(row);
    const table = ['| figure | median | range | bar | toward |', '|---|---|---|---|---|', ...rows].join('\n');
    return `## ${title}\n\n${text}\n\n${table}\n`;
  });
  return `${intro({ date, commit, machine })}\n${parts.join('\n')}`;
}

function intro({ date, commit, machine }: Omit<Results, 'figures'>): string {
  return `# What the house costs

Measured by \`npm run bench\` on ${date} at commit ${commit}: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node.slice(1)}. Callers, gateway,
model server and reference are processes on the same machine. The reference is nginx ${machine.nginx} with one worker and no log (\`bench/nginx.conf\`), measured in
turns with the gateway in the same run; processor time is that of all threads of the process. A figure is the median of its rounds, losses and memory their worst.

This page is written by \`npm run bench -- --write\`; \`npm run bench -- --check\` ends with 1 if a bar is missed.
`;
}

function row({ name, unit, median, min, max, bar, toward, holds }: Figure): string {
  const range = min === max ? '' : `${min} – ${max}`;
  return `| ${name} | ${median} ${unit} | ${range} | ${bar === null ? '' : `≤ ${bar}${holds === true ? '' : ', **missed**'}`} | ${toward ?? ''} |`;
}
