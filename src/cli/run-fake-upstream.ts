import { becomeBlackHole } from '#upstreams/scripted/faults/black-hole.ts';
import { faultCatalog, faultNamed } from '#upstreams/scripted/faults/fault-catalog.ts';
import { startFaultServer } from '#upstreams/scripted/faults/fault-server.ts';
import type { PlayedFault } from '#upstreams/scripted/faults/fault-server.ts';
import type { Fault } from '#upstreams/scripted/faults/fault.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import type { FakeUpstreamOptions } from './fake-upstream.ts';
import type { Shell } from './shell.ts';

const portMax = 65_535;
const seedDefault = 1;
/** How long a machine that comes and goes is there, and away. */
const flapMs = 10_000;

/** Lies until somebody ends it; gives the exit code. */
export async function runFakeUpstream(options: FakeUpstreamOptions, shell: Shell): Promise<number> {
  const fault = options.fault === undefined ? null : faultOf(options.fault);
  if (options.list === true) {
    shell.out(listOf(fault === null ? faultCatalog : [fault], options.json === true));
    return exitCodes.ok;
  }
  const port = numberOf('--port', options.port, portMax) ?? 0;
  const caseNumber = numberOf('--case', options.case, fault?.cases.length ?? 0);
  if (caseNumber === 0) throw new CliStop(exitCodes.invalid, '--case: cases are counted from 1');
  const door = fault?.cases[0]?.door;
  if (fault?.cases[0]?.names !== undefined)
    throw new CliStop(exitCodes.invalid, `${fault.id} is a fault of name servers, which no upstream can play`);
  const say = (value: Readonly<Record<string, unknown>>, line: string): void =>
    shell.out(options.json === true ? `${JSON.stringify(value)}\n` : `${line}\n`);
  const begin = (url: string): void =>
    say(
      { url, fault: fault?.id ?? null },
      `${url}/v1  ${fault === null ? 'well, unless a request names a fault' : `${fault.id}: ${fault.title}`}`,
    );
  if (door === 'black_hole') {
    // Nothing is heard from here on, a signal but ends it.
    becomeBlackHole(port, (bound) => begin(`http://127.0.0.1:${bound}`));
    return exitCodes.ok;
  }
  const server = await startFaultServer({
    fault: door === undefined ? fault : null,
    caseNumber,
    seed: numberOf('--seed', options.seed, Number.MAX_SAFE_INTEGER) ?? seedDefault,
    port,
    onRequest: (played) => void tellOf(played, say),
  }).catch((error: unknown) => {
    throw new CliStop(exitCodes.cannotStart, `port ${port} cannot be had: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (door === 'refuses') await server.refuse();
  let up = true;
  const timer = setInterval(() => {
    if (door !== 'flaps') return;
    up = !up;
    say({ listening: up }, up ? 'listening again' : 'listening no more');
    if (up) void server.listen();
    else void server.refuse().then(() => server.resetAll());
  }, flapMs);
  const ended = untilSignal();
  begin(server.url);
  await ended;
  clearInterval(timer);
  await server.close();
  return exitCodes.ok;
}

/** A request is told of when it is over. */
async function tellOf(
  { log, fault, case: of }: PlayedFault,
  say: (value: Readonly<Record<string, unknown>>, line: string) => void,
): Promise<void> {
  await log.finished;
  const abortMs = log.abortSeenAt === null ? null : Math.round(log.abortSeenAt - log.requestAt);
  const { index, method, path, bytesIn, bytesOut, end } = log;
  say(
    { request: index, method, path, fault: fault?.id ?? null, case: of?.name ?? null, bytesIn, bytesOut, end, abortMs },
    [
      `#${index} ${method} ${path}`,
      fault === null ? 'well' : `${fault.id} ${of?.name ?? ''}`,
      `${bytesIn} B in, ${bytesOut} B out`,
      abortMs === null ? (end ?? 'running') : `its caller left after ${abortMs} ms`,
    ].join('  '),
  );
}

function faultOf(id: string): Fault {
  const fault = faultNamed(id);
  if (!fault)
    throw new CliStop(exitCodes.invalid, `there is no fault ${JSON.stringify(id)}; see them with: gatehouse fake-upstream --list`);
  return fault;
}

/** A whole number up to `max`; null if it was not given. */
function numberOf(option: string, text: string | undefined, max: number): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new CliStop(exitCodes.invalid, `${option}: ${JSON.stringify(text)} is no whole number up to ${max}`);
  return value;
}

function listOf(faults: readonly Fault[], json: boolean): string {
  if (json)
    return `${JSON.stringify(
      faults.map(({ id, title, looks, cases }) => ({ id, title, looks, cases: cases.map(({ name, forms }) => ({ name, forms })) })),
      null,
      2,
    )}\n`;
  return faults
    .map(
      ({ id, title, cases }) =>
        `${id}  ${title}\n${cases.map(({ name, forms }, at) => `     ${at + 1}. ${name} (${forms.join(', ')})\n`).join('')}`,
    )
    .join('');
}

/** Resolves with the first signal to end; the second ends the process at once. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
