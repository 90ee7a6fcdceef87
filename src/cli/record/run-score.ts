import { dataFolderOf } from '#cli/data-folder.ts';
import { CliStop, exitCodes } from '#cli/exit-codes.ts';
import { momentOf } from '#cli/moment.ts';
import { postJson } from '#cli/operator.ts';
import { painter } from '#cli/shell.ts';
import type { Shell } from '#cli/shell.ts';
import { textTable } from '#cli/text-table.ts';
import type { CallScore } from '#control/control.ts';
import { scoreRanks } from '#record/asking/score-ranks.ts';
import type { RankKey, ScoreRank } from '#record/asking/score-ranks.ts';
import { askForSums } from './open-record.ts';
import { safe } from './record-cells.ts';

/** What `gatehouse score` was told. */
export interface ScoreOptions {
  readonly source?: string;
  readonly comment?: string;
  readonly by?: string;
  readonly since?: string;
  readonly data?: string;
  readonly json?: true;
}

interface Told {
  readonly options: ScoreOptions;
  readonly shell: Shell;
}

/** Scores a call, or ranks by the scores that were given; gives the exit code. */
export async function runScore(id: string | undefined, score: string | undefined, told: Told): Promise<number> {
  if (id === undefined) return rank(told);
  const { options, shell } = told;
  const [, name = '', given = ''] = /^([^=]{1,64})=(.+)$/s.exec(score ?? '') ?? [];
  if (name === '') throw new CliStop(exitCodes.invalid, 'a score is written name=number or name=word: useful=1, tone=rude');
  const number = Number(given);
  const isNumber = given.trim() !== '' && Number.isFinite(number);
  const body = { id, name, ...(isNumber ? { value: number } : { label: given }), source: options.source, comment: options.comment };
  const kept = await postJson<CallScore>(dataFolderOf(options.data, shell), '/admin/scores', body);
  shell.out(options.json === true ? `${JSON.stringify(kept)}\n` : `${kept.id}: ${name} ${given}\n`);
  return exitCodes.ok;
}

function rank({ options, shell }: Told): number {
  const by = rankKeyOf(options.by ?? 'route');
  const since = options.since === undefined ? 0 : momentOf(options.since, Date.now());
  const ranks = askForSums(options, shell, (database) => scoreRanks(database, by, since));
  if (options.json === true) for (const one of ranks) shell.out(`${JSON.stringify(one)}\n`);
  else if (ranks.length === 0) shell.err(`no call has a score${since === 0 ? ' yet: gatehouse score <id> useful=1' : ' of that time'}\n`);
  else shell.out(textTable(rankRows(ranks, by, painter(shell, shell.outIsTty))));
  return exitCodes.ok;
}

function rankRows(ranks: readonly ScoreRank[], by: RankKey, paint: ReturnType<typeof painter>): readonly (readonly string[])[] {
  const head = ['score', by, 'mean', 'numbers', 'words'].map((word) => paint('dim', word));
  const rows = ranks.map(({ score, name, mean, numbers, labels }) => [
    safe(score),
    safe(name ?? '-'),
    mean === null ? '' : String(Math.round(mean * 1_000) / 1_000),
    String(numbers),
    labels.map(({ label, count }) => `${safe(label)} ${count}`).join(', '),
  ]);
  return [head, ...rows];
}

function rankKeyOf(by: string): RankKey {
  if (by === 'route' || by === 'model' || by === 'upstream' || by === 'task') return by;
  throw new CliStop(exitCodes.invalid, `scores are not ranked by "${by}"; there are route, model, upstream, task`);
}
