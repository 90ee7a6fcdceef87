/** `gatehouse service`: what the unit allows, and that systemd takes it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '#scripts/tree.ts';
import { place, runHere } from './cli-stage.ts';
import type { Place } from './cli-stage.ts';

function policy(
  at: Place,
  more: { readonly url?: string; readonly listen?: string; readonly upstream?: string; readonly file?: string } = {},
): void {
  writeFileSync(
    join(at.cwd, more.file ?? 'gatehouse.yaml'),
    `version: 1
house: home
listen: '${more.listen ?? '127.0.0.1:8484'}'
upstreams:
  here: { kind: vllm, url: 'http://localhost:8000', slots: 1, models: { a: { context: 8k } } }
  there: { kind: vllm, url: '${more.url ?? 'http://192.168.1.20:8000'}', slots: 1, ${more.upstream ?? ''} models: { b: { context: 8k } } }
routes:
  chat: { target: here, failover: there }
`,
  );
}

const lines = (text: string): readonly string[] => text.split('\n');
const allowed = (text: string): readonly string[] => lines(text).flatMap((line) => /^IPAddressAllow=(.*)$/.exec(line)?.[1] ?? []);

test('the unit of the system reaches this machine and those of the policy, by their addresses', async (t) => {
  const at = place(t);
  policy(at);
  const { code, out, err } = await runHere(['service', '--system'], at);
  assert.deepEqual([code, err], [0, '']);
  for (const line of [
    'IPAddressDeny=any',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'StateDirectory=gatehouse',
    'MemoryDenyWriteExecute=no',
    'CapabilityBoundingSet=',
    'User=gatehouse',
    `ExecStart=${join(ROOT, 'gatehouse')} up --policy "${at.cwd}/gatehouse.yaml" --data /var/lib/gatehouse`,
  ])
    assert.ok(lines(out).includes(line), `${line}\n${out}`);
  assert.deepEqual(allowed(out), ['localhost', '192.168.1.20']);
});

test('clients elsewhere are let in: from the networks that are named, else from a house', async (t) => {
  const at = place(t);
  policy(at, { listen: '192.168.1.2:443' });
  const wide = (await runHere(['service', '--system'], at)).out;
  assert.deepEqual(allowed(wide).at(-1), '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 fe80::/10');
  assert.match(wide, /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m);
  const narrow = (await runHere(['service', '--system', '--clients', '192.168.1.0/24,fd00::/64'], at)).out;
  assert.deepEqual(allowed(narrow), ['localhost', '192.168.1.20', '192.168.1.0/24', 'fd00::/64']);
  for (const wrong of ['lan', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/x']) {
    const { code, err } = await runHere(['service', '--clients', wrong], at);
    assert.deepEqual([code, err], [2, `gatehouse: --clients: "${wrong}" is no network; write 192.168.1.0/24\n`]);
  }
});

test('where a machine is known by a name, the unit says why it bars no address', async (t) => {
  const at = place(t);
  policy(at, { url: 'http://tower.lan:8000' });
  const { out } = await runHere(['service', '--system'], at);
  assert.deepEqual([allowed(out), out.includes('IPAddressDeny=any')], [[], false]);
  assert.match(out, /^# No IPAddressDeny: .* known by theirs: there \(tower\.lan\)\.$/m);
});

test('the user’s own unit writes its data folder only, and says why it bars no address', async (t) => {
  const at = place(t);
  policy(at, { upstream: 'key: "${THERE_KEY}", recover: { command: [wake, there] },' });
  const { out } = await runHere(['service'], { ...at, env: { ...at.env, THERE_KEY: 'sk-1' } });
  assert.ok(lines(out).includes(`ReadWritePaths="${at.cwd}/x/gatehouse"`), out);
  assert.match(out, /^EnvironmentFile=%h\/\.config\/gatehouse\/keys\.env$/m);
  assert.match(out, /recover commands/);
  assert.match(out, /^# No IPAddressDeny: a user’s own systemd may not filter/m);
  assert.doesNotMatch(out, /sk-1|^User=/m);
});

const analyze = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((path) => existsSync(path));

test('systemd takes the units', { skip: analyze === undefined && 'systemd-analyze is not installed' }, async (t) => {
  const at = place(t);
  const odd = join(at.cwd, '100% "odd" $HOME');
  mkdirSync(odd);
  policy(at, { listen: '192.168.1.2:443', file: join('100% "odd" $HOME', 'gatehouse.yaml') });
  for (const [scope, args] of [
    ['--system', ['--system']],
    ['--user', []],
    ['--user', ['--data', odd]],
  ] as const) {
    const { out } = await runHere(['service', ...args, '--policy', join(odd, 'gatehouse.yaml')], at);
    assert.ok(out.includes('--policy "') && out.includes('100%% \\"odd\\" $$HOME/gatehouse.yaml"'), out);
    const unit = join(at.cwd, 'gatehouse.service');
    writeFileSync(unit, out);
    const { status, stdout, stderr } = spawnSync(analyze ?? '', ['verify', '--man=no', scope, unit], {
      encoding: 'utf8',
      env: { ...at.env, XDG_RUNTIME_DIR: at.cwd },
    });
    const ours = lines(stdout + stderr).filter((line) => line.includes('gatehouse.service'));
    assert.deepEqual([status, ours], [0, []], stdout + stderr);
  }
});

test('without a policy there is nothing to serve', async (t) => {
  const { code, out } = await runHere(['service'], place(t));
  assert.deepEqual([code, out], [2, '']);
});
