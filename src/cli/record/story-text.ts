import type { Paint } from '#cli/shell.ts';
import { textTable } from '#cli/text-table.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { AttemptRecord, Intent, Terminal } from '#core/record/record.ts';
import { readingClause } from '#core/routing/exhaust.ts';
import { reasonLine } from '#core/routing/explain.ts';
import { candidatesOf } from '#core/routing/plan.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { CallStory, Score } from '#record/asking/read-call.ts';
import type { BodyText } from '#record/read-bodies.ts';
import { localTime, moneyText, safe } from './record-cells.ts';

/** How many columns the time line of the attempts has. */
const lineWidth = 40;

/** One call for a person: who asked what, how it was decided, whom the walk met, who was asked when, and what came of it. */
export function storyText(story: CallStory, policy: PolicyTables | null, paint: Paint): string {
  const { row, intent, terminal } = story;
  const parts = [
    textTable([...askedRows(intent, paint), ...decidedRows(intent)]),
    planText(intent, paint),
    ...(terminal === null ? [] : [walkText(terminal), attemptsText(terminal, paint)]),
    textTable([['end', endText(story, paint)], ...spentRows(story, policy), ...story.scores.map(scoreRow), ['said', saidText(story)]]),
  ];
  return `${paint('bold', row.id)}  ${paint('dim', localTime(row.at))}\n${parts.join('')}`;
}

type Rows = readonly (readonly string[])[];

function askedRows({ principal, profile, task, session, surface, facts }: Intent, paint: Paint): Rows {
  const rows = [['asked by', `key ${safe(principal)}, profile ${profile}${facts === null ? '' : `, ${facts.tier}`}`]];
  if (task !== null) rows.push(['task', paint('cyan', safe(task))]);
  if (session !== null) rows.push(['session', safe(session)]);
  if (facts === null) return [...rows, ['asked for', `by ${surface}; it could not be understood`]];
  const traits = [
    `about ${facts.promptTokens} tokens`,
    facts.stream ? 'streamed' : 'whole',
    ...(facts.input.length > 0 ? [`with ${facts.input.join(', ')}`] : []),
    ...(facts.tools ? ['with tools'] : []),
  ];
  rows.push(['asked for', `${safe(facts.model)} by ${surface}, ${traits.join(', ')}`]);
  for (const { bucket, words } of facts.scores) rows.push(['words', `${bucket} ${words.length}: ${words.map(safe).join(', ')}`]);
  return rows;
}

function decidedRows({ decision }: Intent): Rows {
  if (decision === null) return [];
  const rows = [['decided', `${decision.plan?.label ?? decision.route ?? 'nothing'} (${reasonLine(decision)})`]];
  for (const note of decision.notes) rows.push(['note', safe(note)]);
  return rows;
}

function planText({ decision }: Intent, paint: Paint): string {
  if (!decision?.plan) return '';
  const rows = candidatesOf(decision.plan).map(({ place, target, lacks }) => [
    paint('dim', place),
    target,
    lacks.length === 0 ? '' : `lacks ${lacks.join(', ')}`,
  ]);
  const removed = decision.plan.removed.map(({ place, target, why }) => [paint('dim', place), target, `not in this walk: ${why}`]);
  return `plan\n${textTable([...rows, ...removed], { indent: '  ' })}`;
}

function walkText({ walks }: Terminal): string {
  const lines = walks.map((events) => events.flatMap(eventRows));
  return lines
    .map((rows, at) =>
      rows.length === 0 ? '' : `${at === 0 ? 'walk' : `walk ${at + 1}, from the queue`}\n${textTable(rows, { indent: '  ' })}`,
    )
    .join('');
}

function eventRows(event: WalkEvent): Rows {
  switch (event.type) {
    case 'observed':
      return event.readings.map((reading) => [
        'read',
        reading.target,
        `${reading.state.replaceAll('_', ' ')}: ${safe(readingClause(reading))}`,
      ]);
    case 'outcome':
      return [['asked', event.outcome.target, `${event.outcome.result.replaceAll('_', ' ')}: ${safe(event.outcome.message)}`]];
    case 'waited':
      return [['waited', event.reading?.target ?? '', `${formatDuration(event.ms)}${event.reading === null ? ', in vain' : ''}`]];
  }
}

/** Each attempt on one scale from the call's arrival to its end: `.` until the head came, `-` until the first token, `=` while it spoke. */
function attemptsText({ attempts, durationMs }: Terminal, paint: Paint): string {
  if (attempts.length === 0) return '';
  const rows = attempts.map((attempt) => [attempt.target, timeLine(attempt, durationMs), attemptWords(attempt, paint)]);
  return `attempts (${formatDuration(durationMs)} from left to right)\n${textTable(rows, { indent: '  ' })}`;
}

function timeLine(attempt: AttemptRecord, durationMs: number): string {
  const column = (ms: number): number => Math.min(lineWidth, Math.round((ms / Math.max(1, durationMs)) * lineWidth));
  const from = column(attempt.startedMs);
  const to = Math.max(from + 1, column(attempt.startedMs + attempt.endMs));
  const head = attempt.headMs === null ? to : column(attempt.startedMs + attempt.headMs);
  const token = attempt.firstTokenMs === null ? to : column(attempt.startedMs + attempt.firstTokenMs);
  const marks = Array.from({ length: lineWidth + 1 }, (_, at) => (at < from || at >= to ? ' ' : at < head ? '.' : at < token ? '-' : '='));
  return `|${marks.join('')}|`;
}

function attemptWords(attempt: AttemptRecord, paint: Paint): string {
  const result = paint(attempt.result === 'answered' ? 'green' : 'red', attempt.result.replaceAll('_', ' '));
  const said = [
    attempt.status === null ? null : String(attempt.status),
    attempt.firstTokenMs === null ? null : `first token after ${formatDuration(attempt.firstTokenMs)}`,
    attempt.address,
    attempt.reused ? 'on an open connection' : null,
    attempt.changes.length === 0 ? null : `changed: ${attempt.changes.join(', ')}`,
    attempt.detail === null ? null : safe(attempt.detail).slice(0, 120),
  ].filter((word) => word !== null);
  return [result, ...said].join(', ');
}

function endText({ row, terminal }: CallStory, paint: Paint): string {
  if (terminal === null) return paint('red', 'interrupted: the process ended, or the record could not be written');
  const { result, status, code, verdict, message, servedBy } = terminal;
  const words = [
    paint(result === 'ok' ? 'green' : 'yellow', [result, String(status), code].filter((word) => word !== null).join(' ')),
    servedBy === null ? null : `by ${servedBy}`,
    verdict === null ? null : `verdict ${verdict}`,
    row.durationMs === null ? null : `in ${formatDuration(row.durationMs)}`,
    terminal.firstByteMs === null ? null : `first byte after ${formatDuration(terminal.firstByteMs)}`,
    message === null ? null : safe(message),
  ];
  return words.filter((word) => word !== null).join(', ');
}

function spentRows({ terminal }: CallStory, policy: PolicyTables | null): Rows {
  if (terminal === null) return [];
  const currency = policy?.policy.cost?.currency ?? '';
  const { usage, usageEstimated, costNano, energyMws, compareNano } = terminal;
  const rows: string[][] = [];
  if (usage !== null) {
    const more = [usage.cachedInput === null ? null : `${usage.cachedInput} of them cached`, usageEstimated ? 'estimated' : null].filter(
      (word) => word !== null,
    );
    rows.push(['tokens', [`${usage.input ?? '?'} in, ${usage.output ?? '?'} out`, ...more].join(', ')]);
  }
  const spent = [
    costNano === null ? null : `${moneyText(costNano)} ${currency}`.trim(),
    energyMws === null ? null : `${(energyMws / 3_600_000).toFixed(4)} Wh`,
    compareNano === null ? null : `the same in the cloud ${moneyText(compareNano)} ${currency}`.trim(),
  ].filter((word) => word !== null);
  if (spent.length > 0) rows.push(['cost', spent.join(', ')]);
  return rows;
}

function scoreRow({ name, value, label, source, comment }: Score): readonly string[] {
  const given = value === null ? safe(label ?? '') : String(value);
  return ['score', `${safe(name)} ${given}${source === null ? '' : ` (${safe(source)})`}${comment === null ? '' : `: ${safe(comment)}`}`];
}

function saidText({ bodies }: CallStory): string {
  const { request, reply } = bodies;
  if (request.state === 'none' && reply.state === 'none') return 'nothing was captured';
  const kept = request.state === 'kept' || reply.state === 'kept' ? '; --text prints it' : '';
  return `request ${bodyWords(request)}, reply ${bodyWords(reply)}${kept}`;
}

function bodyWords(body: BodyText): string {
  switch (body.state) {
    case 'kept':
      return `${body.bytes.byteLength} bytes`;
    case 'hash':
      return 'as a hash only';
    case 'erased':
      return 'erased';
    case 'none':
      return 'not captured';
  }
}
