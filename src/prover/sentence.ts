import type { TargetId } from '#core/policy/policy.ts';
import type { Outcome } from '#core/routing/outcome.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { Passage } from './walk-graph.ts';
import type { RawPolicy } from './raw-policy.ts';
import type { RequestClass } from './requests.ts';

/** A counterexample as one sentence: `profile private, homelab/chat, win-5090 busy, spark down ⇒ claude (cloud)`. */
export function sentenceOf(
  raw: RawPolicy,
  request: RequestClass,
  { happened, then }: { readonly happened: readonly string[]; readonly then: string },
): string {
  return `${[...requestWords(raw, request), ...happened].join(', ')} ⇒ ${then}`;
}

function requestWords(raw: RawPolicy, { facts, asked, bucket }: RequestClass): readonly string[] {
  const { house } = raw.policy;
  const own = raw.profiles.get(facts.profile)?.tier;
  const name = asked.type === 'auto' ? `${house}/auto` : facts.routeHeader === null ? facts.model : `${house}/${facts.routeHeader}`;
  const holds = [
    facts.input.length > 0
      ? `with ${facts.input.map((modality) => (modality === 'audio' ? 'audio' : `${modality === 'image' ? 'an' : 'a'} ${modality}`)).join(' and ')}`
      : null,
    facts.tools ? 'with tools' : null,
    facts.promptTokens > 1 ? `of ${facts.promptTokens} tokens` : null,
    (facts.outputTokens ?? 0) > 1 ? `asking ${facts.outputTokens} tokens` : null,
  ].filter((part) => part !== null);
  return [
    `profile ${facts.profile}${facts.tier === own ? '' : ` narrowed to ${facts.tier}`}`,
    [`${name}${asked.type === 'auto' && bucket !== null ? ` (${bucket})` : ''}`, ...holds].join(' '),
  ];
}

/** Names a target as a person would. */
export function shortNameOf(raw: RawPolicy, id: TargetId): string {
  return raw.targets.get(id)?.shortName ?? id;
}

/** What happened on the way, without what goes without saying. */
export function happenedOn(way: readonly Passage[], nameOf: (target: TargetId) => string): readonly string[] {
  return way.flatMap((passage): readonly string[] => {
    if (passage.type === 'queue') return ['walked again from the queue'];
    const { event } = passage;
    if (event.type === 'outcome') return [outcomeWords(event.outcome, nameOf)];
    if (event.type === 'observed') return event.readings.flatMap((reading) => readingWords(reading, nameOf));
    if (event.reading === null) return ['nobody free in time'];
    return event.reading.state === 'free' ? [`${nameOf(event.reading.target)} free again`] : readingWords(event.reading, nameOf);
  });
}

function readingWords(reading: Reading, nameOf: (target: TargetId) => string): readonly string[] {
  if (reading.state === 'free') return [];
  const word = reading.state === 'not_now' ? 'busy' : reading.why === 'ejected_bad' ? 'out for bad answers' : 'down';
  return [`${nameOf(reading.target)} ${word}`];
}

function outcomeWords(outcome: Outcome, nameOf: (target: TargetId) => string): string {
  const words: Readonly<Record<Outcome['result'], string>> = {
    answered: 'answered',
    cancelled: 'answered',
    broken: 'answered',
    rejected: 'refused the request',
    busy: 'answered busy',
    loading: 'answered loading',
    absent: 'lost the model after the plan',
    unreachable: 'died after the plan',
    flaky: 'broke off',
    failed: 'replied badly',
    too_long: 'said too long',
    crashed: 'crashed',
  };
  return `${nameOf(outcome.target)} ${words[outcome.result]}`;
}
