import { parseAddress } from '#core/units/house-address.ts';
import type { Upstream } from '#core/policy/policy.ts';

/** What a unit is made of. */
export interface UnitParts {
  /** A unit of the system, else one of the user's own. */
  readonly system: boolean;
  readonly launcher: string;
  readonly policyPath: string;
  readonly dataFolder: string;
  readonly listen: readonly string[];
  readonly upstreams: readonly Pick<Upstream, 'name' | 'url' | 'recover'>[];
  /** Networks that clients are in; null: not said. */
  readonly clients: readonly string[] | null;
  readonly keyVariables: readonly string[];
}

/** Where a house may be, link-local IPv4 left out: clouds hand out credentials there. */
const houseNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fe80::/10'];

/** A systemd unit that serves one policy with little more than it needs. */
export function unitText(parts: UnitParts): string {
  const { system, launcher, policyPath, dataFolder } = parts;
  const command = [launcher, 'up', '--policy', policyPath, '--data', dataFolder].map(argument).join(' ');
  return [
    ...howTo(parts),
    '',
    '[Unit]',
    'Description=Gatehouse, one private door in front of the models of a house',
    ...(system ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${command}`,
    'ExecReload=kill -HUP $MAINPID',
    ...environment(parts),
    '# Running requests have ten seconds to end.',
    'TimeoutStopSec=20',
    'Restart=on-failure',
    'RestartSec=2',
    '# A policy that does not load does not get better by itself.',
    'RestartPreventExitStatus=2',
    'UMask=0077',
    ...(system ? ['User=gatehouse'] : []),
    '',
    ...hardening(parts),
    '',
    ...network(parts),
    '',
    '[Install]',
    `WantedBy=${system ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n');
}

function howTo({ system, dataFolder, upstreams }: UnitParts): readonly string[] {
  const lines = system
    ? [
        '# /etc/systemd/system/gatehouse.service',
        '# Once: useradd --system --home-dir /var/lib/gatehouse --shell /usr/sbin/nologin gatehouse',
        '# Then: systemctl daemon-reload && systemctl enable --now gatehouse',
      ]
    : [
        '# ~/.config/systemd/user/gatehouse.service',
        `# Once: mkdir -p -m 700 ${shellWord(dataFolder)} && loginctl enable-linger`,
        '# Then: systemctl --user daemon-reload && systemctl --user enable --now gatehouse',
      ];
  if (upstreams.some(({ recover }) => recover !== null))
    lines.push('# The recover commands of the policy run inside these bounds too: no sudo, no file elsewhere.');
  return lines;
}

function environment({ system, keyVariables }: UnitParts): readonly string[] {
  if (keyVariables.length === 0) return [];
  const file = system ? '/etc/gatehouse/keys.env' : '%h/.config/gatehouse/keys.env';
  return [`# Mode 0600, one line each: ${keyVariables.map((name) => `${name}=…`).join(' ')}`, `EnvironmentFile=${file}`];
}

function hardening({ system, launcher, policyPath, dataFolder, listen }: UnitParts): readonly string[] {
  const homes = [launcher, policyPath, dataFolder].some((path) => /^\/(?:home|root|run\/user)\//.test(path));
  const lowPort = listen.map((address) => Number(/:(\d+)$/.exec(address)?.[1] ?? 0)).some((port) => port > 0 && port < 1_024);
  const shared = [
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ProtectHome=${homes ? 'read-only' : 'yes'}`,
    dataFolder === '/var/lib/gatehouse' && system ? 'StateDirectory=gatehouse' : `ReadWritePaths=${quoted(dataFolder)}`,
    ...(dataFolder === '/var/lib/gatehouse' && system ? ['StateDirectoryMode=0700'] : []),
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallErrorNumber=EPERM',
    '# V8 writes machine code and runs it.',
    'MemoryDenyWriteExecute=no',
  ];
  if (!system) return shared;
  return [
    ...shared,
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'ProtectProc=invisible',
    'RemoveIPC=yes',
    `CapabilityBoundingSet=${lowPort ? 'CAP_NET_BIND_SERVICE' : ''}`,
    ...(lowPort ? ['AmbientCapabilities=CAP_NET_BIND_SERVICE'] : []),
  ];
}

function network({ system, listen, upstreams, clients }: UnitParts): readonly string[] {
  if (!system) return ['# No IPAddressDeny: a user’s own systemd may not filter addresses; the unit of --system does.'];
  const hosts = upstreams.map(({ name, url }) => ({ name, host: new URL(url).hostname.replace(/^\[|\]$/g, '') }));
  const named = hosts.filter(({ host }) => host !== 'localhost' && parseAddress(host) === null);
  if (named.length > 0) {
    const list = named.map(({ name, host }) => `${name} (${host})`).join(', ');
    return [`# No IPAddressDeny: an address filter knows no names, and these machines are known by theirs: ${list}.`];
  }
  const outside = hosts.map(({ host }) => host).filter((host) => !isLoopback(host));
  const open = listen.some((address) => !isLoopback(address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')));
  return [
    '# Every machine of the policy is known by its address, so no other is reached. After a change of the policy print this anew.',
    'IPAddressDeny=any',
    'IPAddressAllow=localhost',
    ...[...new Set(outside)].map((host) => `IPAddressAllow=${host}`),
    ...(clients ?? []).map((range) => `IPAddressAllow=${range}`),
    ...(open && clients === null
      ? ['# Clients, anywhere in a house; narrow it with --clients.', `IPAddressAllow=${houseNetworks.join(' ')}`]
      : []),
  ];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** One word of a unit's setting, whatever is in it. */
function quoted(word: string): string {
  if (/^[\w./@:=+-]+$/.test(word)) return word;
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}

/** One word of a command, where a variable would be filled in besides. */
function argument(word: string): string {
  return quoted(word).replaceAll('$', '$$$$');
}

function shellWord(word: string): string {
  return /^[\w./@:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
