import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import { painter } from '#cli/shell.ts';
import type { Shell } from '#cli/shell.ts';
import { bodyText } from '#record/asking/answer-question.ts';
import { readCall } from '#record/asking/read-call.ts';
import { openRecord, recordedPolicies } from './open-record.ts';
import { safeLines } from './record-cells.ts';
import { storyText } from './story-text.ts';

/** What `gatehouse records show` was told. */
export interface ShowOptions {
  readonly text?: true;
  readonly data?: string;
  readonly json?: true;
}

/** Tells the story of one call; gives the exit code. */
export function runShow(id: string, options: ShowOptions, shell: Shell): number {
  const database = openRecord(options.data, shell);
  try {
    const story = readCall(database, id);
    if (story === null) throw new CliStop(exitCodes.invalid, `no call that has ended has the id "${id}", or more than one begins so`);
    const said = { request: bodyText(story.bodies.request), reply: bodyText(story.bodies.reply) };
    if (options.json === true) {
      const { bodies, ...rest } = story;
      const states = { request: bodies.request.state, reply: bodies.reply.state };
      shell.out(`${JSON.stringify({ ...rest, captured: states, ...(options.text === true ? { said } : {}) }, null, 2)}\n`);
      return exitCodes.ok;
    }
    shell.out(storyText(story, recordedPolicies(database)(story.intent.policyHash), painter(shell, shell.outIsTty)));
    if (options.text === true)
      for (const [name, text] of Object.entries(said))
        if (text !== null) shell.out(`\n${name}\n${shell.outIsTty ? safeLines(text) : text}\n`);
    return exitCodes.ok;
  } finally {
    database.close();
  }
}
