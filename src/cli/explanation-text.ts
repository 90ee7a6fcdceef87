import type { Explanation, ExplainedCandidate } from '#core/routing/explain.ts';
import { outputTokensDefault } from '#core/routing/fit.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { Paint, Style } from './shell.ts';
import { textTable } from './text-table.ts';

const reasons: Readonly<Record<NonNullable<Explanation['reason']>, string>> = {
  header: 'the x-gatehouse-route header names it',
  model: 'the model names it',
  hint: 'metadata.route names it',
  image: 'an image came with it',
  words: 'its words score highest',
  rest: 'no words of any bucket were found: it takes the rest',
  first_route: 'the first route, since words do not decide here',
};

const stateStyles: Readonly<Record<ExplainedCandidate['state'], Style>> = {
  chosen: 'green',
  free: 'green',
  not_now: 'yellow',
  cannot: 'red',
  unfit: 'red',
  removed: 'dim',
  not_asked: 'dim',
};

/** An explanation for a person. */
export function explanationText(explanation: Explanation, house: string, paint: Paint): string {
  const { facts, bucket, reason, route, promotedTo, chosen, refusal } = explanation;
  const rows: (readonly string[])[] = [['facts', factsLine(explanation)]];
  for (const { bucket: name, words } of facts.scores) {
    const line = `${name} ${words.length}: ${words.join(', ')}`;
    rows.push([rows.at(-1)?.[0] === 'words' || rows.length > 1 ? '' : 'words', name === bucket ? paint('bold', line) : line]);
  }
  const why = reason === null ? '' : ` (${reasons[reason]})`;
  if (bucket !== null) rows.push(['bucket', `${bucket}${why}`]);
  if (route !== null) rows.push(['route', `${house}/${route}${bucket === null ? why : ''}`]);
  else if (reason !== null) rows.push(['asked for', `${facts.model}${why}`]);
  if (promotedTo !== null) rows.push(['promoted', `to ${promotedTo}, because the prompt is about ${facts.promptTokens} tokens long`]);
  for (const note of explanation.notes) rows.push(['note', note]);
  const plan = explanation.plan.map(({ target, place, state, why: said }) => [
    paint('dim', place),
    target,
    paint(stateStyles[state], state.replaceAll('_', ' ')),
    said,
  ]);
  const end =
    chosen !== null
      ? ['goes to', paint('green', chosen)]
      : refusal === null
        ? ['goes to', 'nobody']
        : ['answer', `${paint('red', `${refusal.status} ${refusal.code}`)}: ${refusal.message}${retryText(refusal.retryAfterMs)}`];
  return `${textTable(rows)}${plan.length > 0 ? `plan\n${textTable(plan, { indent: '  ' })}` : ''}${textTable([end])}`;
}

function factsLine({ facts }: Explanation): string {
  const output = facts.outputTokens === null ? `${outputTokensDefault} (unsaid)` : String(facts.outputTokens);
  const parts = [
    `profile ${facts.profile}`,
    facts.tier,
    `about ${facts.promptTokens} tokens + ${output} of output`,
    ...(facts.input.length > 0 ? [`with ${facts.input.join(', ')}`] : []),
    ...(facts.tools ? ['with tools'] : []),
  ];
  return parts.join(' · ');
}

function retryText(retryAfterMs: number | null): string {
  return retryAfterMs === null ? '' : ` (Retry-After ${formatDuration(retryAfterMs)})`;
}
