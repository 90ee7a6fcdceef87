import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '#scripts/tree.ts';
import type { Figure } from './figure.ts';

/** When a figure was measured. */
interface Measured {
  readonly date: string;
  readonly commit: string;
}

/** What is kept: of every figure its last run. */
interface Results extends Measured {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly node: string;
    readonly nginx: string;
  };
  readonly figures: readonly (Figure & Measured)[];
}

const resultsPath = join(ROOT, 'bench/results.json');
const pagePath = join(ROOT, 'docs/performance.md');

/** Keeps the figures with where and when they were measured, and writes the page from them. Figures of this run replace those of the same name. */
export function writeResults(figures: readonly Figure[]): void {
  const before = existsSync(resultsPath) ? (JSON.parse(readFileSync(resultsPath, 'utf8')) as Results).figures : [];
  const now: Measured = {
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim(),
  };
  const results: Results = {
    ...now,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 1e9),
      node: process.version,
      nginx: /nginx\/(\S+)/.exec(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr ?? '')?.[1] ?? 'none',
    },
    figures: [
      ...before.filter(({ name }) => !figures.some((figure) => figure.name === name)),
      ...figures.map((figure) => ({ ...figure, ...now })),
    ],
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
    text: 'Processor time per request with everything on: key, classification, routing, judge, record. A prompt of 1,000 characters, an answer of 550, 16 callers at once. *The record’s thread* is the share of the thread that chains, writes and syncs; *the record in all* is what the same house takes less with a record that keeps nothing (`bench/unrecorded-house.bench.ts`): that thread, and the spelling and posting of entries by the main one. It is the difference of two figures, and as rough as both. *A bare proxy* is `node:http` and `undici` and nothing else (`bench/bare-proxy.bench.ts`): what a house on these parts cannot go below.',
  },
  {
    title: 'A streamed event',
    starts: ['event'],
    text: 'Processor time per event of 200 streams with 50 events a second each; every event is read, judged and sent on by itself. The reference does not buffer. *A bare proxy* is as above: it hands pieces on and looks at none.',
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
  {
    title: 'Backtest',
    starts: ['backtest'],
    text: 'Recorded calls decided again under another policy, from their facts and along what was seen, per second of processor time. Reading them from the record comes on top: the whole command does some 18,000 calls a second.',
  },
  {
    title: 'Asking a large record',
    starts: ['asking'],
    text: 'A million calls, each question asked 20 times of a file that was just written; the slowest counts. A list is one page of 50. Run by `npm run bench -- --only asking` alone: it writes for minutes.',
  },
  {
    title: 'The room of the record',
    starts: ['room'],
    text: 'All files together, the terms by which calls are found too. A small call is a question and an answer of a few sentences, with all that is recorded of it; the budget is 5.5 GB for a million of them. Run by `npm run bench -- --only room` alone.',
  },
];

/** Written by hand from a sampled profile; to be looked at anew when what it speaks of has changed. */
const whatTheProfileShows = `## What the profile shows where a bar is missed

Sampled 2,000 times a second under the load of *A whole answer* on 2026-11-21: 68 % of the processor time is the main thread's, 26 % that of the
record's thread, 6 % that of V8's own threads.

| the main thread | | the record's thread | |
|---|---|---|---|
| our code, compiled | 19 % | SQLite | 32 % |
| V8's built-ins and runtime that it calls: promises, objects, strings | 37 % | kernel: writing and syncing pages | 25 % |
| \`node:http\`, \`undici\`, streams, parsers | 16 % | hashes | 9 % |
| JSON, read and written | 8 % | messages from and to the main thread | 8 % |
| kernel | 8 % | everything else | 26 % |
| collector | 3 % | | |
| hashes, clock, messages to the record | 5 % | | |

No function of ours takes 2 % by itself: what is left is many small things, not one large one. The bare proxy alone is a third of what ten times
nginx allows; the record, with a hash chain and a sync before every answer, is a little more than half of the whole.

One thing was large: ended requests that outgrown tables of \`Map\` kept alive. Without them there were 3 full collections under the same load
instead of 13, and a request took 288 µs instead of 325 to 374 in the one comparison that was made. What else was taken away (the look-up of a key that
its connection has shown before, three timers of four for each attempt, copies of entries, pages of the record's index) was not measured one by one. A
larger nursery and a collector on one thread made no difference that could be told from the noise of a busy machine; neither did compiling earlier, or
posting to the record before dialling, for the first token.

Of a streamed event about a third is the writing of it, one system call for each; the bare proxy, which looks at nothing, is twice nginx. The first
token waits for the request to be read, decided and spelled for the record while the code is hardly warm at 50 requests a second; its 99th percentile holds.
`;

function performancePage({ date, commit, machine, figures }: Results): string {
  const parts = sections.map(({ title, starts, text }) => {
    const told = figures.filter(({ name }) => starts.some((start) => name.startsWith(start)));
    const table = ['| figure | median | range | bar | toward |', '|---|---|---|---|---|', ...told.map(row)].join('\n');
    const others = [...new Set(told.filter((each) => each.commit !== commit).map((each) => `on ${each.date} at commit ${each.commit}`))];
    const when = others.length === 0 ? '' : ` Measured ${others.join(', ')}.`;
    return `## ${title}\n\n${text}${when}\n\n${table}\n`;
  });
  return `${intro({ date, commit, machine })}\n${parts.join('\n')}\n${whatTheProfileShows}`;
}

function intro({ date, commit, machine }: Pick<Results, 'date' | 'commit' | 'machine'>): string {
  return `# What the house costs

Measured by \`npm run bench\` on ${date} at commit ${commit}: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node.slice(1)}. Callers, gateway,
model server and reference are processes on the same machine. The reference is nginx ${machine.nginx} with one worker and no log (\`bench/nginx.conf\`), measured in
turns with the gateway in the same run; processor time is that of all threads of the process. A figure is the median of its rounds; losses,
memory and questions to the record count by their worst. Where a section names no other commit it was measured at this one.

This page is written by \`npm run bench -- --write\`; \`npm run bench -- --check\` ends with 1 if a bar is missed.
`;
}

function row({ name, unit, median, min, max, bar, atLeast, toward, holds }: Figure): string {
  const range = min === max ? '' : `${min} – ${max}`;
  return `| ${name} | ${median} ${unit} | ${range} | ${bar === null ? '' : `${atLeast ? '≥' : '≤'} ${bar}${holds === true ? '' : ', **missed**'}`} | ${toward ?? ''} |`;
}
