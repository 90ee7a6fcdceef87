/**
 * Runs inside a network namespace of its own, as its root: `node inside.ts <folder>`. Lays the two networks, lets a fake cloud listen, runs the gatehouse
 * under strace, asks it, and prints what happened as one line of JSON. The namespace and every process in it end with this one.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HARDENING } from '#scripts/hardening.ts';
import { ROOT } from '#scripts/tree.ts';
import { askOperator } from '#egress/operator-socket.ts';
import { chatWhole } from '#upstreams/scripted/chat-script.ts';
import { startScriptedServer } from '#upstreams/scripted/engine.ts';
import { makeTestCertificate } from '#upstreams/scripted/test-certificate.ts';
import { battery, cloudAddress, houseAddress, leaving, listenPort, policyText } from './dead-house.ts';
import type { Asked } from './dead-house.ts';

/** What the namespace has to tell. */
export interface InsideReport {
  /** What the addresses were laid on. */
  readonly interface: string;
  readonly answers: readonly {
    readonly what: string;
    readonly status: number;
    readonly code: string | null;
    readonly expected: readonly string[];
  }[];
  /** Connections the fake cloud accepted by the end of the sovereign run, and of the control run. */
  readonly cloudConnections: { readonly sovereign: number; readonly control: number };
  readonly control: { readonly status: number; readonly upstream: string | null };
  /** Ends of the two runs of the gatehouse, in words for a failed test. */
  readonly stderr: string;
}

const folder = process.argv[2] ?? '';
const file = (name: string): string => join(folder, name);
const origin = `http://127.0.0.1:${listenPort}`;
let stderr = '';

function ip(...words: readonly string[]): boolean {
  return spawnSync('ip', words, { stdio: 'ignore' }).status === 0;
}

/** Interfaces that carry nothing anywhere, so that what is absent stays silent; `lo` where the kernel has none: there it refuses. */
function layNetworks(): string {
  ip('link', 'set', 'lo', 'up');
  const made = ['dummy', 'ifb', 'veth'].find((type) => ['house0', 'cloud0'].every((name) => ip('link', 'add', name, 'type', type))) ?? 'lo';
  const [house, cloud] = made === 'lo' ? ['lo', 'lo'] : ['house0', 'cloud0'];
  for (const name of [house, cloud]) if (!ip('link', 'set', name, 'up')) throw new Error(`${name} cannot be brought up`);
  const laid = ip('addr', 'add', `${houseAddress}/24`, 'dev', house) && ip('addr', 'add', `${cloudAddress}/24`, 'dev', cloud);
  if (!laid) throw new Error('the addresses cannot be set');
  return made;
}

/** Runs one command under strace, all its processes. */
function traced(trace: string, command: readonly string[]): ChildProcess {
  const options = ['-f', '-qq', '-s', '256', '-e', 'trace=connect,sendto,sendmsg,sendmmsg,socket,execve', '-o', trace];
  const child = spawn('strace', [...options, ...command], {
    cwd: folder,
    // A group of its own, so that a signal reaches the traced process; strace itself holds such signals back.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CLOUD_KEY: 'not-a-real-key',
      NODE_EXTRA_CA_CERTS: file('cloud.pem'),
      // What would carry everything out, if anybody listened to it.
      HTTP_PROXY: `http://${cloudAddress}:80`,
      HTTPS_PROXY: `http://${cloudAddress}:80`,
      ALL_PROXY: `http://${cloudAddress}:80`,
      NODE_USE_ENV_PROXY: '1',
    },
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return child;
}

async function startGatehouse(trace: string): Promise<ChildProcess> {
  const child = traced(trace, [join(ROOT, 'gatehouse'), 'up', '--policy', file('gatehouse.yaml'), '--data', file('data')]);
  let said = '';
  const serves = new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Try:')) resolve();
    });
    child.on('close', (code) => reject(new Error(`the gatehouse ended with ${code}: ${said}${stderr}`)));
  });
  await serves;
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGTERM');
  await ended;
}

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(child, 'close');
  return text;
}

/** A key made by the command line, which is traced like the house. */
async function newKey(profile: string): Promise<string> {
  const command = [join(ROOT, 'gatehouse'), 'keys', 'new', '--data', file('data'), '--profile', profile];
  const text = await output(traced(file(`keys-${profile}.trace`), command));
  const key = /gh_\w+/.exec(text)?.[0];
  if (key === undefined) throw new Error(`no key for ${profile}: ${text}${stderr}`);
  return key;
}

async function asked(
  { headers, body }: Asked,
  key: string,
): Promise<{ readonly status: number; readonly code: string | null; readonly upstream: string | null }> {
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { readonly error?: { readonly code?: string } };
  return { status: response.status, code: answer.error?.code ?? null, upstream: response.headers.get('x-gatehouse-upstream') };
}

const kind = layNetworks();
const certificate = makeTestCertificate([cloudAddress]);
writeFileSync(file('cloud.pem'), certificate.cert);
writeFileSync(file('gatehouse.yaml'), policyText);
const cloud = await startScriptedServer(() => chatWhole({ model: 'large', text: 'from the cloud' }), {
  host: cloudAddress,
  port: 443,
  tls: certificate,
});
const other = await startScriptedServer(() => chatWhole({ model: 'large', text: 'from the proxy' }), { host: cloudAddress, port: 80 });
// Well when they are looked at, dead when they are asked: what is asked of them goes on to the next, which for others is outside.
const dying = await Promise.all(
  [8001, 8002].map((port) =>
    startScriptedServer(
      ({ path }) => (path.startsWith('/v1/chat/') ? [{ do: 'rst' }] : [{ do: 'json', value: { status: 'ok', data: [] } }]),
      {
        host: houseAddress,
        port,
      },
    ),
  ),
);
const cloudCount = (): number => cloud.connectionCount + other.connectionCount;

let gatehouse = await startGatehouse(file('sovereign.trace'));
const keys = new Map([['private', await newKey('private')]]);
for (const profile of ['patient', 'agents', 'personal']) {
  const reply = await askOperator(file('data/operator.sock'), { method: 'POST', path: '/admin/keys', body: { profile } });
  const made: { readonly key: string } = JSON.parse(await reply.text());
  keys.set(profile, made.key);
}
const keyFor = (profile: string): string => keys.get(profile) ?? '';
const answers: InsideReport['answers'][number][] = [];
// Twice: first the machines are found dead, then they are known to be.
for (const round of ['found dead', 'known dead']) {
  if (round === 'known dead') {
    for (const server of dying) {
      await server.refuse();
      server.resetAll();
    }
    process.kill(-Number(gatehouse.pid), 'SIGHUP');
  }
  answers.push(
    ...(await Promise.all(
      battery.map(async (one) => ({
        what: `${one.profile}, ${round}: ${one.what}`,
        expected: one.codes,
        ...(await asked(one, keyFor(one.profile))),
      })),
    )),
  );
}
for (const path of ['/v1/models', '/metrics', '/stats', '/healthz'])
  await (await fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${keyFor('private')}` } })).text();
await stop(gatehouse);
const sovereign = cloudCount();

gatehouse = await startGatehouse(file('control.trace'));
const control = await asked(leaving, keyFor('personal'));
await stop(gatehouse);
const planted = `require('node:net').connect(443, '${cloudAddress}').on('connect', () => process.exit()); require('node:dns').resolve('model.example', () => {})`;
await output(traced(file('planted.trace'), [process.execPath, ...HARDENING, '-e', planted]));

const report: InsideReport = {
  interface: kind,
  answers,
  cloudConnections: { sovereign, control: cloudCount() - sovereign },
  control: { status: control.status, upstream: control.upstream },
  stderr,
};
console.log(JSON.stringify(report));
await Promise.all([cloud, other, ...dying].map((server) => server.close()));
