/**
 * The promise that a sovereign request stays in the house, looked at from outside the program: what the kernel saw all its processes try, in a network
 * where a cloud would answer. A control run, in which something does leave, shows that the look would see it.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { HARDENING } from '#scripts/hardening.ts';
import type { DecisionLine } from '#test/e2e/running-house.ts';
import { readView } from '#test/record/read-view.ts';
import { battery, cloudAddress, houseMachines } from './dead-house.ts';
import type { InsideReport } from './inside.ts';
import { leaksIn, readTrace } from './trace.ts';

/** It takes a few seconds; this ends one that hangs. */
const boundMs = 20_000;
const unshare = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
const works = (program: string, ...words: string[]): boolean => spawnSync(program, words, { stdio: 'ignore' }).status === 0;

/** What this machine lacks for the test; null if nothing. */
const lacks = !works('strace', '-V')
  ? 'strace is not installed'
  : !works('ip', '-V')
    ? 'ip (iproute2) is not installed'
    : !works('unshare', ...asRoot, ...unshare, 'ip', 'link', 'set', 'lo', 'up')
      ? 'a network namespace cannot be made here; it takes root, or user namespaces'
      : null;
// A machine that runs every change must run this too.
const skip = lacks !== null && process.env['CI'] !== 'true' ? lacks : false;

test('with every machine dead, nothing of a sovereign caller leaves the house', { skip, timeout: boundMs + 5_000 }, async (t) => {
  assert.equal(lacks, null);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sovereignty-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const report = await runInside(folder);
  t.diagnostic(`addresses laid on ${report.interface}; ${report.answers.length} requests`);
  const traceOf = (name: string): string => readFileSync(join(folder, name), 'utf8');

  assert.equal(report.answers.length, 2 * battery.length);
  for (const { what, status, code, expected } of report.answers)
    assert.ok(status >= 400 && expected.includes(code ?? ''), `${what}: ${status} ${code}, expected ${expected.join(' or ')}`);
  assert.equal(report.cloudConnections.sovereign, 0, 'the cloud was not called');

  const sovereign = readTrace(traceOf('sovereign.trace'));
  assert.deepEqual(leaksIn(sovereign, houseMachines), []);
  assert.deepEqual([...new Set(sovereign.destinations)].toSorted(), houseMachines, 'all machines were tried, so the trace was not blind');
  const record = attemptsIn(readView(join(folder, 'data'), 'router-decisions'));
  const reached = record.filter(({ tier }) => tier !== 'local-first').map(({ address }) => address);
  assert.ok(reached.length >= 3, 'by requests too, not only by probes');
  assert.deepEqual(
    reached.filter((address) => address !== null && !houseMachines.includes(address)),
    [],
    'and the record says so',
  );
  assert.equal(lastProgram(sovereign.programs), 'node', 'and the server itself started no program');
  const keys = readTrace(traceOf('keys-private.trace'));
  assert.deepEqual(leaksIn(keys, []), []);
  assert.ok(
    keys.unixPaths.some((path) => path.endsWith('operator.sock')),
    'the command line asked through the operator’s socket',
  );

  const cloud = `something went to ${cloudAddress}:443`;
  assert.deepEqual(report.control, { status: 200, upstream: 'beyond' }, 'the cloud does answer a caller who may use it');
  assert.ok(report.cloudConnections.control >= 2);
  assert.ok(record.some(({ tier, address }) => tier === 'local-first' && address === `${cloudAddress}:443`));
  assert.ok(leaksIn(readTrace(traceOf('control.trace')), houseMachines).includes(cloud), 'the look at the trace sees the house’s own dial');
  const planted = leaksIn(readTrace(traceOf('planted.trace')), houseMachines);
  assert.ok(planted.includes(cloud), 'and one that was planted');
  assert.ok(
    planted.some((leak) => leak.startsWith('a name was looked up at ')) &&
      planted.some((leak) => leak.startsWith('a socket that is no stream')),
  );
});

test('the look at a trace finds every way out, and what it cannot read', () => {
  const ways: readonly (readonly [string, RegExp])[] = [
    ['7 connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("203.0.113.9")}, 16) = 0', /went to 203\.0\.113\.9:443/],
    [
      '7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.77.0.1")}, 16 <unfinished ...>',
      /went to 10\.77\.0\.1:80/,
    ],
    [
      'connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::9", &sin6_addr), sin6_scope_id=0}, 28) = 0',
      /went to \[2001:db8::9\]:443/,
    ],
    ['7 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT', /looked up through/],
    [
      '7 sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.77.0.53")}, 16) = 1',
      /looked up at 10\.77\.0\.53:53/,
    ],
    [
      '7 sendmmsg(3, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("9.9.9.9")}, msg_namelen=16}}], 1, 0) = 1',
      /9\.9\.9\.9:53/,
    ],
    ['7 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 4', /no stream/],
    ['7 socket(AF_INET6, SOCK_RAW, IPPROTO_ICMP) = 4', /no stream/],
    ['7 connect(3, 0x7ffc, 16) = -1 EFAULT (Bad address)', /could not be read/],
    ['7 connect(3, {sa_family=AF_VSOCK, svm_cid=2}, 16) = 0', /could not be read/],
  ];
  for (const [line, leak] of ways) {
    const leaks = leaksIn(readTrace(line), ['10.77.0.1:8001']);
    assert.equal(leaks.length, 1, `${line} is ${leaks.length} leaks`);
    assert.match(leaks[0] ?? '', leak);
  }
  const harmless = [
    '7 connect(3, {sa_family=AF_INET, sin_port=htons(8001), sin_addr=inet_addr("10.77.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)',
    '7 connect(3, {sa_family=AF_UNIX, sun_path="/data/operator.sock"}, 110) = 0',
    '7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4',
    '7 sendto(3, "connect(", 8, MSG_NOSIGNAL, NULL, 0) = 8',
    '7 sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}]}, 0) = 1',
    '7 <... connect resumed>) = 0',
    '7 --- SIGHUP {si_signo=SIGHUP} ---',
  ];
  assert.deepEqual(leaksIn(readTrace(harmless.join('\n')), ['10.77.0.1:8001']), []);
});

/** Runs the namespace to its end; whatever is left in it ends with it. */
async function runInside(folder: string): Promise<InsideReport> {
  const inside = fileURLToPath(new URL('./inside.ts', import.meta.url));
  const child = spawn('unshare', [...asRoot, ...unshare, process.execPath, ...HARDENING, inside, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const bound = setTimeout(() => child.kill('SIGKILL'), boundMs);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (said.stderr += text));
  await once(child, 'close');
  clearTimeout(bound);
  if (child.exitCode !== 0) throw new Error(`the namespace ended with ${child.exitCode ?? child.signalCode}: ${said.stderr}${said.stdout}`);
  const report: InsideReport = JSON.parse(said.stdout);
  return report;
}

/** Every attempt of a decision log, with the tier it was made under and whom it reached. */
function attemptsIn(log: readonly string[]): readonly { readonly tier: string; readonly address: string | null }[] {
  const tiers = new Map<string, string>();
  return log.flatMap((text) => {
    const line: DecisionLine = JSON.parse(text);
    if (line.type === 'start') tiers.set(line.id, line.facts?.tier ?? 'nobody’s');
    if (line.type !== 'terminal') return [];
    return line.attempts.map(({ address }) => ({ tier: tiers.get(line.id) ?? 'nobody’s', address }));
  });
}

function lastProgram(programs: readonly string[]): string {
  return programs.at(-1)?.replace(/^.*\//, '') ?? '';
}
