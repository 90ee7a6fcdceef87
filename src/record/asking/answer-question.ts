import type { DatabaseSync } from 'node:sqlite';
import type { BodyText } from '#record/read-bodies.ts';
import { costGroups } from './cost-groups.ts';
import { listRecords } from './list-records.ts';
import type { Answers, Question, ToldCall } from './question.ts';
import { callNamed, readCall } from './read-call.ts';
import { listRuns, readRun } from './runs.ts';
import { scoreRanks } from './score-ranks.ts';

/** Answers one question from the record. What it answers can be sent from one thread to another. */
export function answerQuestion(database: DatabaseSync, question: Question): Answers[Question['ask']] {
  switch (question.ask) {
    case 'records':
      return listRecords(database, question.filter, { limit: question.limit, before: question.before });
    case 'call':
      return tellCall(database, question.id);
    case 'id':
      return callNamed(database, question.named)?.id ?? null;
    case 'cost':
      return costGroups(database, question.by, { ...question.filter, limit: question.limit });
    case 'runs':
      return listRuns(database, { since: question.since }, question.limit);
    case 'run':
      return readRun(database, question.session);
    case 'ranks':
      return scoreRanks(database, question.by, question.since);
  }
}

function tellCall(database: DatabaseSync, id: string): ToldCall | null {
  const story = readCall(database, id);
  if (story === null) return null;
  const { bodies, ...rest } = story;
  return {
    ...rest,
    captured: { request: bodies.request.state, reply: bodies.reply.state },
    said: { request: bodyText(bodies.request), reply: bodyText(bodies.reply) },
  };
}

/** What was said, as text; null where it is not kept. */
export function bodyText(body: BodyText): string | null {
  return body.state === 'kept' ? Buffer.from(body.bytes).toString('utf8') : null;
}
