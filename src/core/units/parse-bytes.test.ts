import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBytes } from './parse-bytes.ts';

test('storage in powers of ten, with a unit', () => {
  assert.deepEqual(parseBytes('500MB'), { value: 500_000_000 });
  assert.deepEqual(parseBytes('1.5TB'), { value: 1_500_000_000_000 });
  for (const wrong of ['20', '20gb', 'GB', '-1GB', '1.0000001MB', '9999TB', '']) assert.ok('problem' in parseBytes(wrong), wrong);
});
