import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BusyMeter } from './busy-meter.ts';

test('one attempt alone is charged its own time', () => {
  const end = new BusyMeter().begin('spark', 1_000);
  assert.equal(end(1_500), 500);
});

test('two at once share the time they have in common', () => {
  const meter = new BusyMeter();
  const first = meter.begin('spark', 0);
  const second = meter.begin('spark', 100);
  const elsewhere = meter.begin('thor', 100);
  assert.equal(first(300), 100 + 100);
  assert.equal(second(400), 100 + 100);
  assert.equal(elsewhere(400), 300);
});

test('shares add up to the time in which the machine had work', () => {
  const spans = fc.array(fc.tuple(fc.nat(1_000), fc.nat(1_000)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(spans, (given) => {
      const attempts = given.map(([from, long]) => ({ from, to: from + long }));
      const meter = new BusyMeter();
      const ends = new Map<number, (at: number) => number>();
      const moments = attempts
        .flatMap(({ from, to }, index) => [
          { at: from, index, begins: true },
          { at: to, index, begins: false },
        ])
        .toSorted((a, b) => a.at - b.at || Number(b.begins) - Number(a.begins));
      let [shares, busy, running, last] = [0, 0, 0, 0];
      for (const { at, index, begins } of moments) {
        if (running > 0) busy += at - last;
        last = at;
        running += begins ? 1 : -1;
        if (begins) ends.set(index, meter.begin('spark', at));
        else shares += ends.get(index)?.(at) ?? Number.NaN;
      }
      assert.ok(Math.abs(shares - busy) < 1e-6, `${shares} is not ${busy}`);
    }),
  );
});
