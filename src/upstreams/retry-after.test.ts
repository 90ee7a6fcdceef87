import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { httpDateSeconds } from './http-date.ts';
import { readRetryAfterMs } from './retry-after.ts';

const now = 'Sun, 06 Nov 1994 08:49:37 GMT';

const cases: [headers: Record<string, string>, ms: number | null][] = [
  [{}, null],
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': ' 0 ' }, 0],
  [{ 'retry-after': '1.5' }, 1500],
  [{ 'retry-after': '1000000000' }, 60_000],
  [{ 'retry-after': '1e9' }, 60_000],
  [{ 'retry-after': '1e400' }, 60_000],
  [{ 'retry-after': '-5' }, null],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': '' }, null],
  [{ 'retry-after': '0x10' }, null],
  [{ 'retry-after': 'NaN' }, null],
  [{ 'retry-after': 'Infinity' }, null],
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after-ms': 'junk', 'retry-after': '9' }, 9000],
  [{ 'retry-after': 'Sun, 06 Nov 1994 08:49:40 GMT', date: now }, 3000],
  [{ 'retry-after': 'Sunday, 06-Nov-94 08:49:40 GMT', date: 'Sunday, 06-Nov-94 08:49:37 GMT' }, 3000],
  [{ 'retry-after': 'Sun Nov  6 08:49:40 1994', date: now }, 3000],
  [{ 'retry-after': 'Sun, 06 Nov 1994 08:00:00 GMT', date: now }, 0],
  [{ 'retry-after': 'Sun, 06 Nov 2094 08:00:00 GMT', date: now }, 60_000],
  [{ 'retry-after': 'Sun, 06 Nov 1994 08:49:40 GMT' }, null],
  [{ 'retry-after': 'Sun, 06 Nov 1994 08:49:40 GMT', date: 'junk' }, null],
];
for (const [headers, ms] of cases) {
  test(`${JSON.stringify(headers)} means ${ms}`, () => {
    assert.equal(readRetryAfterMs(headers), ms);
  });
}

test('an HTTP date is what the calendar says', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000_000, max: 6_000_000_000 }), (seconds) => {
      assert.equal(httpDateSeconds(new Date(seconds * 1000).toUTCString()), seconds);
    }),
  );
});
