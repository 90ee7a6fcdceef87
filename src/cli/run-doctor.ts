import { networkInterfaces } from 'node:os';
import type { LoadedPolicy } from '#config/load.ts';
import { keysAt, valueAt } from '#config/policy-source.ts';
import { isHouseAddress } from '#core/units/house-address.ts';
import { openServerAsker } from '#discovery/server-asker.ts';
import { examineClock } from '#doctor/examine-clock.ts';
import { examineDetours } from '#doctor/examine-detours.ts';
import { examineDataFolder, examinePolicyFiles } from '#doctor/examine-files.ts';
import { examineUpstream } from '#doctor/examine-upstream.ts';
import type { UpstreamExam } from '#doctor/examine-upstream.ts';
import type { Finding } from '#doctor/finding.ts';
import { upstreamKindNamed } from '#upstreams/registry.ts';
import { dataFolderOf } from './data-folder.ts';
import type { DoctorOptions } from './doctor.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { placesLookedAt, readPolicy, refusedPolicy } from './load-house.ts';
import { painter } from './shell.ts';
import type { Shell } from './shell.ts';

/** How long the servers may take to answer, all together. */
const budgetMs = 10_000;
const connectMs = 3_000;
const detourMs = 3_000;

/** What of this machine the examination depends on, for tests. */
export interface Surroundings {
  /** Addresses at which other machines of the house reach this one. */
  readonly ownAddresses: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Examines the house; gives the exit code. */
export async function runDoctor(options: DoctorOptions, shell: Shell, around: Surroundings = surroundings()): Promise<number> {
  const read = readPolicy(options.policy, shell);
  if (read === null)
    throw new CliStop(
      exitCodes.invalid,
      `there is no policy to examine; looked at ${placesLookedAt(shell)}; make one with: gatehouse init`,
    );
  if (!read.result.ok) throw refusedPolicy(read.result);
  const exams = await examineAll(read.result, around);
  const findings = [
    ...exams.flatMap((exam) => exam.findings),
    ...(await examineDetours(read.result.policy.upstreams, { ownAddresses: around.ownAddresses, budgetMs: detourMs })),
    ...examineClock(around.now(), exams),
    ...examineDataFolder(dataFolderOf(options.data, shell), read.result.policy.record?.maxBytes ?? null),
    ...examinePolicyFiles(read.path, keyFilesOf(read.result)),
  ];
  if (options.json === true) {
    const upstreams = exams.map(({ name, state, version, slots }) => ({ name, state, version, slots }));
    shell.out(`${JSON.stringify({ ok: findings.length === 0, file: read.file, upstreams, findings }, null, 2)}\n`);
  } else shell.out(report(exams, findings, shell));
  return findings.length === 0 ? exitCodes.ok : exitCodes.violated;
}

async function examineAll({ policy, secrets }: LoadedPolicy, around: Surroundings): Promise<readonly UpstreamExam[]> {
  const kinds = new Map(policy.upstreams.map(({ name, kind }) => [name, upstreamKindNamed(kind)]));
  const asker = openServerAsker(policy.upstreams, {
    connectMs,
    keyFor: (name) => {
      const key = secrets.get(name);
      return key === undefined ? {} : (kinds.get(name)?.authorise(key) ?? {});
    },
  });
  const timer = setTimeout(() => asker.close(), budgetMs);
  try {
    const exams = policy.upstreams.map((upstream) => {
      const kind = kinds.get(upstream.name);
      return kind === undefined ? null : examineUpstream(upstream, { kind, asker, now: around.now });
    });
    return await Promise.all(exams.filter((exam) => exam !== null));
  } finally {
    clearTimeout(timer);
    asker.close();
  }
}

/** The files that `key: file:…` names, as the policy writes them. */
function keyFilesOf({ source }: LoadedPolicy): readonly string[] {
  return keysAt(source, ['upstreams']).flatMap((name) => {
    const key = valueAt(source, ['upstreams', name, 'key']);
    return typeof key === 'string' && key.startsWith('file:') ? [key.slice('file:'.length)] : [];
  });
}

function report(exams: readonly UpstreamExam[], findings: readonly Finding[], shell: Shell): string {
  const paint = painter(shell, shell.outIsTty);
  const lines = exams.map(({ name, state, version, slots }) => {
    const facts = [state, ...(version === null ? [] : [`version ${version}`]), ...(slots === null ? [] : [`${slots} at once`])];
    return `${paint(state === 'up' || state === 'loading' ? 'green' : 'red', name)}: ${facts.join(', ')}\n`;
  });
  const said = findings.map(({ about, problem, remedy }) => `\n${paint('yellow', about)}: ${problem}\n  remedy: ${remedy}\n`);
  const end = findings.length === 0 ? 'nothing to mend' : findings.length === 1 ? 'one thing to mend' : `${findings.length} things to mend`;
  return `${lines.join('')}${said.join('')}\n${end}\n`;
}

function surroundings(): Surroundings {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return {
    ownAddresses: addresses
      .filter(({ internal, family, address }) => !internal && family === 'IPv4' && isHouseAddress(address))
      .map(({ address }) => address),
    now: () => Date.now(),
  };
}
