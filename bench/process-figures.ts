import { readFileSync, readdirSync } from 'node:fs';

/** Processor time of a process so far, in microseconds: all its threads and the processes it started. */
export function cpuMicros(pid: number): number {
  const own = tasksOf(pid).reduce((sum, task) => sum + taskMicros(pid, task), 0);
  return childrenOf(pid).reduce((sum, child) => sum + cpuMicros(child), own);
}

/** Processor time of the threads of that name, as the kernel knows them (15 characters), of a process and of those it started. */
export function threadMicros(pid: number, name: string): number {
  const own = tasksOf(pid)
    .filter((task) => commandOf(pid, task) === name)
    .reduce((sum, task) => sum + taskMicros(pid, task), 0);
  return childrenOf(pid).reduce((sum, child) => sum + threadMicros(child, name), own);
}

/** Resident memory of one process in megabytes (10^6 bytes). `VmHWM` is the most it ever had. */
export function residentMb(pid: number, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) * 1_024) / 1e6;
}

function tasksOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/task`);
}

/** The scheduler's own account, to the nanosecond; a thread that has just ended counts as nothing. */
function taskMicros(pid: number, task: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
  } catch {
    return 0;
  }
}

function commandOf(pid: number, task: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}
