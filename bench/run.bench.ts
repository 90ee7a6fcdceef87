/**
 * `npm run bench`: what the house costs, beside a plain proxy in the same run. `--only request` measures one subject (`asking` and `room` only so), `--rounds 5`, `--json`
 * prints only the lines of JSON, `--check` ends with 1 if a bar is missed, `--write` keeps the results and writes the page from them.
 */
import { parseArgs } from 'node:util';
import { hasReference } from './stage.ts';
import { figuresTable } from './figure.ts';
import type { Figure } from './figure.ts';
import { subjects } from './measure.ts';
import { writeResults } from './results.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    share: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const { only } = values;
const unknown = (only ?? []).filter((name) => !subjects.some((subject) => subject.name === name));
if (unknown.length > 0) throw new Error(`no subject ${unknown.join(', ')}; there are ${subjects.map(({ name }) => name).join(', ')}`);
const extent = { rounds: Number(values.rounds), share: Number(values.share) };

const reference = await hasReference();
const figures: Figure[] = [];
for (const subject of subjects) {
  if (only ? !only.includes(subject.name) : subject.apart) continue;
  if (subject.compares && !reference) {
    console.error(`${subject.name}: skipped, nginx is not installed (apt-get install nginx-light)`);
    continue;
  }
  if (!values.json) console.error(`${subject.name} …`);
  const measured = await subject.measure(extent);
  for (const figure of measured) console.log(JSON.stringify(figure));
  figures.push(...measured);
}
if (!values.json) console.log(`\n${figuresTable(figures)}`);
if (values.write) writeResults(figures);
const missed = figures.filter((figure) => figure.holds === false);
if (values.check && missed.length > 0) {
  console.error(`below the bar: ${missed.map(({ name }) => name).join('; ')}`);
  process.exitCode = 1;
}
