import type { UpstreamExam } from './examine-upstream.ts';
import type { Finding } from './finding.ts';

/** Before this program was written. */
const earliest = Date.UTC(2025, 0, 1);
const aheadMaxMs = 120_000;

/** Whether this machine's clock can be right, by itself and beside the clocks of the servers. `now`: milliseconds since 1970. */
export function examineClock(now: number, exams: readonly Pick<UpstreamExam, 'name' | 'clockAheadMs'>[]): readonly Finding[] {
  const remedy = 'set the clock, and have it kept right: timedatectl set-ntp true';
  if (now < earliest) return [{ about: 'clock', problem: `this machine believes it is ${new Date(now).toISOString()}`, remedy }];
  const off = exams.filter(({ clockAheadMs }) => clockAheadMs !== null && Math.abs(clockAheadMs) > aheadMaxMs);
  const heard = exams.filter(({ clockAheadMs }) => clockAheadMs !== null).length;
  const text = (exam: (typeof off)[number]): string => {
    const seconds = Math.round((exam.clockAheadMs ?? 0) / 1_000);
    return `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`;
  };
  // If all of several servers agree against us, it is we.
  if (off.length > 1 && off.length === heard)
    return [
      {
        about: 'clock',
        problem: `every server’s clock is elsewhere: ${off.map((exam) => `${exam.name} ${text(exam)}`).join(', ')}`,
        remedy,
      },
    ];
  return off.map((exam) => ({
    about: exam.name,
    problem: `its clock is ${text(exam)} of this machine’s`,
    remedy: `${remedy} (there or here)`,
  }));
}
