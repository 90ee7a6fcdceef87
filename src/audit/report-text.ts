import type { AuditReport } from './verify-record.ts';

/** How many findings of one code are printed; all are counted. */
const shownMax = 10;

/** How a word stands out; plain where nobody looks on. */
export type Emphasis = (kind: 'good' | 'bad', text: string) => string;

/** The report for people. `took`: how long it took, in words; empty for nothing. */
export function reportText(report: AuditReport, options: { readonly emphasis: Emphasis; readonly took: string }): string {
  const { emphasis, took } = options;
  const total = report.counts.reduce((sum, { count }) => sum + count, 0);
  const verdict = report.ok
    ? emphasis('good', 'nothing is wrong')
    : emphasis('bad', `${number(total)} ${total === 1 ? 'finding' : 'findings'}`);
  return [
    report.file,
    `  log      ${report.log}`,
    `  key      ${report.key} (${report.keyFrom === 'given' ? 'given' : 'the file’s own'})`,
    `  checked  ${checkedText(report)}`,
    `  proven   ${provenText(report)}`,
    ...report.notes.map((note) => `  note     ${note}`),
    ...report.counts.map((count) => findingsText(report, count, emphasis)),
    '',
    `${verdict}${took === '' ? '' : ` (${took})`}`,
    '',
  ].join('\n');
}

function checkedText({ checked }: AuditReport): string {
  const { entries, first, last, calls, checkpoints, scores, policies, texts, outsideLines } = checked;
  const range = entries === 0 ? 'no entries' : `${number(entries)} entries (${first} to ${last})`;
  const parts = [
    range,
    `${number(calls.started)} calls`,
    `${number(calls.rows)} rows`,
    `${number(checkpoints)} checkpoints`,
    `${number(outsideLines)} outside lines`,
    `${number(texts.bodies)} texts (${number(texts.hashOnly)} of them as hashes only, ${number(texts.erased)} erased)`,
    `${number(texts.nodes)} nodes`,
    policies === 1 ? '1 policy' : `${number(policies)} policies`,
    `${number(scores)} scores`,
  ];
  return parts.join(', ');
}

function provenText({ proven }: AuditReport): string {
  if (proven === null) return 'nothing: no checkpoint holds';
  const by = proven.by === 'outside' ? 'an outside checkpoint' : 'a checkpoint of the file';
  return `up to entry ${proven.through}, by ${by} of ${new Date(proven.at).toISOString()}`;
}

function findingsText(report: AuditReport, { code, count, means }: AuditReport['counts'][number], emphasis: Emphasis): string {
  const found = report.findings.filter((finding) => finding.code === code).slice(0, shownMax);
  const lines = found.map(({ seq, what }) => `  ${seq === null ? '       –' : String(seq).padStart(8)}  ${what}`);
  const more = count > found.length ? [`            and ${number(count - found.length)} more`] : [];
  return [`\n${emphasis('bad', code)}: ${means}`, ...lines, ...more].join('\n');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
