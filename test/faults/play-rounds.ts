import { playRound } from './play-round.ts';
import type { Round } from './round.ts';

/** A round that did not go as it must. */
export interface Failed {
  readonly round: Round;
  readonly wrong: readonly string[];
}

/** Plays rounds, some at once, since most of their time is waiting. Gives those that failed. */
export async function playRounds(
  rounds: readonly Round[],
  { atOnce, onRound }: { readonly atOnce: number; readonly onRound?: (round: Round, wrong: readonly string[]) => void },
): Promise<readonly Failed[]> {
  const waiting = [...rounds];
  const failed: Failed[] = [];
  const work = async (): Promise<void> => {
    for (let round = waiting.shift(); round !== undefined; round = waiting.shift()) {
      const wrong = await playRound(round);
      if (wrong.length > 0) failed.push({ round, wrong });
      onRound?.(round, wrong);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return failed;
}
