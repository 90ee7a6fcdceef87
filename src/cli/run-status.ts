import type { FleetSnapshot } from '#gateway/fleet-state.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { Happening } from '#telemetry/ports.ts';
import { tellLine } from '#telemetry/request-line.ts';
import { dataFolderOf } from './data-folder.ts';
import { exitCodes } from './exit-codes.ts';
import { ask, getJson } from './operator.ts';
import type { HouseStatus } from './reports.ts';
import { painter } from './shell.ts';
import type { Paint, Shell, Style } from './shell.ts';
import { textTable } from './text-table.ts';

/** Shows the machines once; gives the exit code. */
export async function runStatus(options: { readonly data?: string; readonly json?: true }, shell: Shell): Promise<number> {
  const status = await getJson<HouseStatus>(dataFolderOf(options.data, shell), '/admin/status');
  if (options.json === true) shell.out(`${JSON.stringify(status, null, 2)}\n`);
  else shell.out(pictureText(status, painter(shell, shell.outIsTty)));
  return exitCodes.ok;
}

const stateStyles: Readonly<Record<FleetSnapshot['state'], Style>> = {
  up: 'green',
  unprobed: 'dim',
  loading: 'yellow',
  ejected: 'red',
  quarantined: 'red',
};

function pictureText(status: HouseStatus, paint: Paint): string {
  const { house, listen, policy, uptimeMs, waiting, drains, upstreams, ready } = status;
  const where = policy.path === null ? (status.demo === null ? 'found on this machine' : 'the demo house') : policy.path;
  const title = `${paint('bold', house)} at ${listen.join(', ')}, up ${formatDuration(uptimeMs)} (${where}, policy ${policy.hash.slice(0, 12)})\n`;
  const head = ['upstream', 'state', 'slots', 'models'].map((cell) => paint('dim', cell));
  const rows = upstreams.map((upstream) => [
    upstream.upstream,
    stateText(upstream, paint),
    slotsText(upstream, paint),
    modelsText(upstream, paint),
  ]);
  const drainedRoutes = drains.filter((drain) => drain.type === 'route').map((drain) => drain.name);
  const notes = [
    ready ? null : paint('red', 'the record cannot be written: nothing is answered'),
    drainedRoutes.length === 0 ? null : paint('yellow', `drained routes: ${drainedRoutes.join(', ')}`),
    waiting === 0 ? null : paint('yellow', `${waiting} waiting`),
  ].filter((note) => note !== null);
  return `${title}${textTable([head, ...rows])}${notes.map((note) => `${note}\n`).join('')}`;
}

function stateText({ state, cause, sinceMs, nextProbeMs, drained }: FleetSnapshot, paint: Paint): string {
  const word = state === 'ejected' ? 'down' : state;
  const next = nextProbeMs === null ? '' : `; next try in ${formatDuration(nextProbeMs)}`;
  const detail = cause === null ? '' : ` (${cause}, ${formatDuration(sinceMs)} ago${next})`;
  return `${paint(stateStyles[state], word)}${detail}${drained ? paint('yellow', ' drained') : ''}`;
}

function slotsText({ inFlight, slots }: FleetSnapshot, paint: Paint): string {
  if (slots === null) return `${inFlight}`;
  const text = `${inFlight}/${slots}`;
  return inFlight >= slots ? paint('yellow', text) : text;
}

function modelsText({ targets }: FleetSnapshot, paint: Paint): string {
  return targets
    .map(({ target, state, served, medianAnswerMs }) => {
      const name = target.slice(target.indexOf('/') + 1);
      const notes = [
        state === 'good' ? null : paint('red', state),
        served === false ? paint('red', 'not served') : null,
        medianAnswerMs === null ? null : formatDuration(medianAnswerMs),
      ].filter((note) => note !== null);
      return notes.length === 0 ? name : `${name} (${notes.join(', ')})`;
    })
    .join(', ');
}

const frameEveryMs = 1_000;
const requestsKept = 100;

/** Draws the machines and the last requests anew every second until somebody leaves; one picture where nobody looks on. */
export async function runTop(options: { readonly data?: string }, shell: Shell): Promise<number> {
  const folder = dataFolderOf(options.data, shell);
  if (!shell.outIsTty) return runStatus(options, shell);
  const leave = new AbortController();
  const quit = (): void => leave.abort();
  const requests: string[] = [];
  const paint = painter(shell, true);
  const unhook = onQuit(quit);
  // The other screen, so that what was there comes back.
  shell.out('\u001B[?1049h\u001B[?25l');
  try {
    const following = follow(folder, { signal: leave.signal, requests, colour: paint('red', '') !== '' });
    while (!leave.signal.aborted) {
      const { rows } = shell.size();
      const picture = pictureText(await getJson<HouseStatus>(folder, '/admin/status'), paint);
      const room = Math.max(0, rows - picture.split('\n').length - 2);
      const last = room === 0 ? [] : requests.slice(-room);
      shell.out(`\u001B[H\u001B[J${picture}\n${last.join('\n')}`);
      await passing(frameEveryMs, leave.signal);
    }
    await following;
  } finally {
    shell.out('\u001B[?25h\u001B[?1049l');
    unhook();
  }
  return exitCodes.ok;
}

/** Keeps the last requests that the house tells of. Ends with the signal or with the house. */
async function follow(
  folder: string,
  { signal, requests, colour }: { readonly signal: AbortSignal; readonly requests: string[]; readonly colour: boolean },
): Promise<void> {
  try {
    const reply = await ask(folder, { method: 'GET', path: '/admin/events', signal });
    for await (const line of reply.lines()) {
      if (!line.startsWith('data:')) continue;
      const happening: Happening | { readonly type?: undefined } = JSON.parse(line.slice('data:'.length));
      // What was missed comes without a type.
      if (happening.type === undefined) continue;
      requests.push(tellLine({ happening, at: Date.now(), seq: 0 }, { colour }));
      requests.splice(0, requests.length - requestsKept);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function passing(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** q, Ctrl-C or a signal; returns how to stop listening. */
function onQuit(quit: () => void): () => void {
  const { stdin } = process;
  const key = (bytes: Buffer): void => {
    if (bytes.includes('q') || bytes.includes(3)) quit();
  };
  process.once('SIGINT', quit);
  process.once('SIGTERM', quit);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on('data', key);
  }
  return () => {
    process.removeListener('SIGINT', quit);
    process.removeListener('SIGTERM', quit);
    if (!stdin.isTTY) return;
    stdin.removeListener('data', key);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
