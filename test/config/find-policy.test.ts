import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { findPolicy, policyPlaces } from '#config/find-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-find-'));
after(() => rmSync(folder, { recursive: true }));
const cwd = join(folder, 'work');
const xdg = join(folder, 'xdg');
mkdirSync(cwd);

function put(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  return path;
}

test('the places are asked in their order', () => {
  const env = { XDG_CONFIG_HOME: xdg };
  const configured = put(join(xdg, 'gatehouse', 'gatehouse.yaml'));
  assert.deepEqual(findPolicy({ option: undefined, env, cwd }), { path: configured, file: configured, named: false });
  const here = put(join(cwd, 'gatehouse.yaml'));
  assert.deepEqual(findPolicy({ option: undefined, env, cwd }), { path: here, file: 'gatehouse.yaml', named: false });
});

test('a policy that is named is taken, there or not', () => {
  const env = { GATEHOUSE_POLICY: 'sub/other.yaml' };
  assert.deepEqual(findPolicy({ option: undefined, env, cwd }), { path: join(cwd, 'sub/other.yaml'), file: 'sub/other.yaml', named: true });
  assert.deepEqual(findPolicy({ option: '../x.yaml', env, cwd }), {
    path: join(folder, 'x.yaml'),
    file: join(folder, 'x.yaml'),
    named: true,
  });
});

test('an empty variable names nothing, and the configuration folder has its default', () => {
  assert.equal(findPolicy({ option: undefined, env: { GATEHOUSE_POLICY: '' }, cwd: join(folder, 'elsewhere') })?.named ?? false, false);
  assert.deepEqual(policyPlaces({ env: { HOME: '/home/ada', XDG_CONFIG_HOME: 'relative' }, cwd: '/srv' }), [
    '/srv/gatehouse.yaml',
    '/home/ada/.config/gatehouse/gatehouse.yaml',
    '/etc/gatehouse/gatehouse.yaml',
  ]);
  assert.equal(policyPlaces({ env: {}, cwd: '/srv' }).length, 2);
});
