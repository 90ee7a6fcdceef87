import type { ToolCall } from './tool-calls.ts';

/** One call of a run. */
export interface Turn {
  readonly id: string;
  readonly at: number;
  readonly target: string | null;
  readonly result: string;
  readonly verdict: string | null;
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
  readonly costNano: number | null;
  readonly durationMs: number | null;
  /** Null where the reply was not captured. */
  readonly toolCalls: readonly ToolCall[] | null;
}

/** What the turns of a run show. */
export interface RunSigns {
  /** Tokens by which the prompt grew from the first turn to the largest, and that many times. */
  readonly contextGrowth: { readonly from: number; readonly to: number } | null;
  /** The tool call that was made most often in a row, and how often; null where tools were not seen or not repeated. */
  readonly repeatedCall: { readonly call: ToolCall; readonly times: number } | null;
  /** The longest row of turns without a good answer. */
  readonly errorStreak: number;
  /** `this run is looping: …`; null while nothing says so. */
  readonly looping: string | null;
}

/** So many identical tool calls in a row are no accident any more, and so many failures in a row no bad luck. */
const repeatsMax = 3;
const errorsMax = 4;

/** Looks at a run's turns, oldest first. */
export function judgeRun(turns: readonly Turn[]): RunSigns {
  const prompts = turns.flatMap(({ promptTokens }) => (promptTokens === null ? [] : [promptTokens]));
  const [first] = prompts;
  const repeatedCall = longestRepeat(turns);
  const errorStreak = longestStreak(turns.map(({ result, verdict }) => result !== 'ok' || (verdict !== null && verdict !== 'ok')));
  const signs = [
    ...(repeatedCall !== null && repeatedCall.times >= repeatsMax ? [`the same tool call ${repeatedCall.times} times in a row`] : []),
    ...(errorStreak >= errorsMax ? [`${errorStreak} turns in a row without a good answer`] : []),
  ];
  return {
    contextGrowth: first === undefined ? null : { from: first, to: Math.max(...prompts) },
    repeatedCall,
    errorStreak,
    looping: signs.length === 0 ? null : `this run is looping: ${signs.join(', ')}`,
  };
}

function longestRepeat(turns: readonly Turn[]): RunSigns['repeatedCall'] {
  const rows: { readonly call: ToolCall; times: number }[] = [];
  for (const call of turns.flatMap(({ toolCalls }) => toolCalls ?? [])) {
    const last = rows.at(-1);
    if (last?.call === call) last.times++;
    else rows.push({ call, times: 1 });
  }
  const [longest] = rows.toSorted((a, b) => b.times - a.times);
  return longest !== undefined && longest.times > 1 ? longest : null;
}

function longestStreak(bad: readonly boolean[]): number {
  let longest = 0;
  let now = 0;
  for (const one of bad) {
    now = one ? now + 1 : 0;
    longest = Math.max(longest, now);
  }
  return longest;
}
