import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delta, ReplyEvent } from '#core/reply/event.ts';
import { finishedChoices, hasCharacter, judgeEnd, judgeEvent, noJudgement } from './judge-reply.ts';
import type { Judgement, ReplyEnd, Verdict } from './judge-reply.ts';

const raw = new Uint8Array();

function event(...deltas: readonly Delta[]): ReplyEvent {
  return { raw, kind: 'data', deltas };
}

const content = (text: string, choice = 0): Delta => ({ type: 'content', choice, text });
const reasoning = (text: string, choice = 0): Delta => ({ type: 'reasoning', choice, text });
const refusal = (text: string): Delta => ({ type: 'refusal', choice: 0, text });
const tool: Delta = { type: 'tool', choice: 0, index: 0, id: 'call', name: 'look', arguments: '' };
const finish = (reason: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'other', choice = 0): Delta => ({
  type: 'finish',
  choice,
  reason,
});
const failed: Delta = { type: 'error', message: 'CUDA error', status: 500 };
const usage: Delta = { type: 'usage', input: 1, output: 2, cachedInput: null, reasoning: null };
const end: Delta = { type: 'end' };
const malformed: ReplyEvent = { raw, kind: 'malformed', deltas: [] };
const noise: ReplyEvent = { raw, kind: 'noise', deltas: [] };

function judged(said: readonly (Delta | ReplyEvent)[]): Judgement {
  return said.reduce((judgement: Judgement, each) => judgeEvent(judgement, 'kind' in each ? each : event(each)), noJudgement);
}

type Said = readonly (Delta | ReplyEvent)[];

const streams: readonly [name: string, said: Said, end: ReplyEnd, verdict: Verdict][] = [
  ['an answer', [content('hi'), finish('stop'), end], 'proper', 'ok'],
  ['an answer cut for length', [content('hi'), finish('length'), end], 'proper', 'ok'],
  ['an answer without terminator', [content('hi'), finish('stop')], 'proper', 'ok'],
  ['an answer whose connection closes short after the finish', [content('hi'), finish('stop')], 'short', 'ok'],
  ['an answer whose connection breaks after the finish', [content('hi'), finish('stop')], 'broken', 'ok'],
  ['an answer whose connection stays open', [content('hi'), finish('stop'), end], 'clock', 'ok'],
  ['usage and noise do not matter', [noise, content('hi'), finish('stop'), usage, noise, end], 'proper', 'ok'],
  ['a tool call', [tool, finish('tool_calls'), end], 'proper', 'ok'],
  ['a refusal', [refusal('I will not'), finish('stop'), end], 'proper', 'ok'],
  ['a filtered answer with text', [content('hi'), finish('content_filter')], 'proper', 'ok'],
  ['nothing at all, properly ended', [finish('stop'), end], 'proper', 'empty'],
  ['only white space', [content(' \n\t'), content('\u00a0'), finish('stop'), end], 'proper', 'empty'],
  ['only white space in a refusal', [refusal(' '), finish('stop')], 'proper', 'empty'],
  ['only reasoning', [reasoning('hm'), finish('stop'), end], 'proper', 'empty'],
  ['filtered to nothing', [finish('content_filter'), end], 'proper', 'empty'],
  ['tools promised, none called', [finish('tool_calls')], 'proper', 'empty'],
  ['the budget eaten by reasoning', [reasoning('hm'), content(' '), finish('length'), end], 'proper', 'reasoning_exhausted'],
  ['nothing, for length, without reasoning', [finish('length'), end], 'proper', 'ok'],
  ['empty reasoning is none', [reasoning(''), finish('length')], 'proper', 'ok'],
  ['an answer after reasoning', [reasoning('hm'), content('x'), finish('length')], 'proper', 'ok'],
  ['no finish reason', [content('hi')], 'proper', 'truncated'],
  ['a terminator without finish reason', [content('hi'), end], 'proper', 'truncated'],
  ['no event at all', [], 'proper', 'truncated'],
  ['closed short', [content('hi')], 'short', 'truncated'],
  ['reset', [content('hi')], 'broken', 'stream_broken'],
  ['reset before anything', [], 'broken', 'stream_broken'],
  ['an error in band', [content('hi'), failed], 'proper', 'stream_broken'],
  ['an error in band, then closed', [content('hi'), failed], 'short', 'stream_broken'],
  ['an error after the finish', [content('hi'), finish('stop'), failed], 'proper', 'stream_broken'],
  ['an event that does not parse', [content('hi'), malformed, finish('stop'), end], 'proper', 'stream_broken'],
  ['silence', [content('hi')], 'clock', 'stalled'],
  ['silence from the start', [], 'clock', 'stalled'],
  ['rubbish after the terminator', [content('hi'), finish('stop'), end, malformed], 'proper', 'ok'],
  ['an error after the terminator', [content('hi'), finish('stop'), end, failed], 'proper', 'ok'],
  ['two choices, one empty', [content('hi', 0), finish('stop', 0), finish('stop', 1)], 'proper', 'ok'],
  ['two choices, both empty', [finish('length', 0), reasoning('x', 0), finish('stop', 1)], 'proper', 'empty'],
  ['two choices, one without finish', [content('hi', 0), finish('stop', 0), content('hi', 1)], 'proper', 'truncated'],
];

for (const [name, said, how, verdict] of streams) {
  test(`a stream, ${name} (${how}): ${verdict}`, () => assert.equal(judgeEnd(judged(said), how, 'stream'), verdict));
}

const bodies: readonly [name: string, said: Said, end: ReplyEnd, verdict: Verdict][] = [
  ['an answer', [event(content('hi'), finish('stop'), usage)], 'proper', 'ok'],
  ['nothing', [event(finish('stop'))], 'proper', 'empty'],
  ['short of its length', [event(content('hi'), finish('stop'))], 'short', 'truncated'],
  ['reset', [event(content('hi'), finish('stop'))], 'broken', 'stream_broken'],
  ['a clock', [event(content('hi'), finish('stop'))], 'clock', 'stalled'],
  ['no JSON', [malformed], 'proper', 'stream_broken'],
  ['half a JSON', [malformed], 'short', 'truncated'],
  ['an error with status 200', [event(failed)], 'proper', 'stream_broken'],
  ['no finish reason', [event(content('hi'))], 'proper', 'truncated'],
];

for (const [name, said, how, verdict] of bodies) {
  test(`a whole body, ${name} (${how}): ${verdict}`, () => assert.equal(judgeEnd(judged(said), how, 'whole'), verdict));
}

test('usage, model and error are kept as they were said last', () => {
  const judgement = judged([{ type: 'model', name: 'a' }, usage, { ...usage, output: 9 }, { type: 'model', name: 'b' }, failed]);
  assert.deepEqual(judgement.usage, { input: 1, output: 9, cachedInput: null, reasoning: null });
  assert.equal(judgement.model, 'b');
  assert.deepEqual(judgement.error, { message: 'CUDA error', status: 500 });
});

test('a steady stream changes nothing', () => {
  const first = judged([content('a')]);
  assert.equal(judgeEvent(first, event(content('b'))), first);
  assert.equal(judgeEvent(first, noise), first);
});

test('choices that have ended are counted', () => {
  assert.equal(finishedChoices(judged([finish('stop', 1), content('x', 0)])), 1);
});

test('white space is what Unicode says it is', () => {
  for (const text of ['', ' ', '\n\r\t', '\u2028', '\u3000', '\ufeff']) assert.equal(hasCharacter(text), false, JSON.stringify(text));
  for (const text of ['a', ' .', '\u200b', '😀']) assert.equal(hasCharacter(text), true, JSON.stringify(text));
});

const asking = (asked: Partial<Judgement['asked']>, said: Said): Judgement =>
  said.reduce((judgement: Judgement, each) => judgeEvent(judgement, 'kind' in each ? each : event(each)), {
    ...noJudgement,
    asked: { ...noJudgement.asked, ...asked },
  });
const vector = (choice: number, length: number): Delta => ({ type: 'vector', choice, length, vector: [] });

const vectors: readonly [name: string, asked: Partial<Judgement['asked']>, said: Said, verdict: Verdict][] = [
  ['one for each input', { answers: 2 }, [vector(0, 3), finish('stop', 0), vector(1, 3), finish('stop', 1)], 'ok'],
  ['one too few', { answers: 2 }, [vector(0, 3), finish('stop', 0)], 'not_as_asked'],
  ['one too many', { answers: 1 }, [vector(0, 3), finish('stop', 0), vector(1, 3), finish('stop', 1)], 'not_as_asked'],
  ['none', { answers: 2 }, [finish('stop', 0)], 'empty'],
  ['as long as asked', { vectorLength: 3 }, [vector(0, 3), finish('stop', 0)], 'ok'],
  ['longer than asked', { vectorLength: 2 }, [vector(0, 3), finish('stop', 0)], 'not_as_asked'],
];
for (const [name, asked, said, verdict] of vectors) {
  test(`vectors, ${name}: ${verdict}`, () => assert.equal(judgeEnd(asking(asked, said), 'proper', 'whole'), verdict));
}

const texts: readonly [name: string, said: Said, verdict: Verdict][] = [
  ['JSON in pieces', [content('{"a"'), content(': [1]}'), finish('stop')], 'ok'],
  ['prose', [content('Sure! Here you are: {}'), finish('stop')], 'not_as_asked'],
  ['JSON in a fence', [content('```json\n{}\n```'), finish('stop')], 'not_as_asked'],
  ['prose in the second of two choices', [content('{}', 0), finish('stop', 0), content('no', 1), finish('stop', 1)], 'not_as_asked'],
  ['half of it, cut for length', [content('{"a": ['), finish('length')], 'ok'],
  ['a refusal', [refusal('I will not'), finish('stop')], 'ok'],
  ['words before a call, ended with "stop"', [content('let me see'), tool, finish('stop')], 'ok'],
  ['white space alone', [content(' '), finish('stop')], 'empty'],
];
for (const [name, said, verdict] of texts) {
  test(`where JSON was asked for, ${name}: ${verdict}`, () =>
    assert.equal(judgeEnd(asking({ json: true }, said), 'proper', 'stream'), verdict));
  if (verdict === 'not_as_asked')
    test(`where it was not, ${name}: ok`, () => assert.equal(judgeEnd(judged(said), 'proper', 'stream'), 'ok'));
}
