import { Erasing } from './erase.ts';
import type { EraseAsk, Erased } from './erase.ts';
import type { LogHand } from './log-hand.ts';

/** The name by which the thread that writes is asked to erase. */
export const eraseName = 'erase';

/** One step of an erasing: the first names whose texts are to go, the others go on with it. */
type EraseStep =
  | { readonly job: null; readonly ask: EraseAsk; readonly by: string; readonly at: number }
  | { readonly job: number; readonly at: number };

type EraseAnswer = { readonly job: number; readonly erased: null } | { readonly job: null; readonly erased: Erased };

/** What the thread does when it is asked: a slice at a time, so that calls are written in between. */
export function eraseCommand(log: LogHand, removed: () => void): (what: unknown) => EraseAnswer {
  const jobs = new Map<number, Erasing>();
  let last = 0;
  return (what) => {
    if (!isStep(what)) throw new Error('this is no erasing');
    const job = what.job ?? ++last;
    const erasing = what.job === null ? new Erasing(log, { ask: what.ask, by: what.by, removed }) : jobs.get(what.job);
    if (!erasing) throw new Error('the record was opened anew while texts were erased; ask again');
    jobs.set(job, erasing);
    if (erasing.slice(what.at)) return { job, erased: null };
    jobs.delete(job);
    return { job: null, erased: erasing.finish() };
  };
}

/** Lets the thread that writes erase, and says what came of it. Rejects as `ask` does; what was erased until then is. */
export async function eraseThrough(
  ask: (name: string, what: EraseStep) => Promise<unknown>,
  what: { readonly ask: EraseAsk; readonly by: string; readonly now: () => number },
): Promise<Erased> {
  let answer = await ask(eraseName, { job: null, ask: what.ask, by: what.by, at: what.now() });
  for (;;) {
    if (!isAnswer(answer)) throw new Error('the thread that writes the record does not erase');
    if (answer.job === null) return answer.erased;
    answer = await ask(eraseName, { job: answer.job, at: what.now() });
  }
}

/** Both sides are ours: what they send each other is what they say. */
function isStep(what: unknown): what is EraseStep {
  return typeof what === 'object' && what !== null && 'job' in what && 'at' in what;
}

function isAnswer(what: unknown): what is EraseAnswer {
  return typeof what === 'object' && what !== null && 'job' in what && 'erased' in what;
}
