import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

test('two in ten seconds, whatever the number of requests', () => {
  const budget = new RetryBudget();
  for (const now of [0, 1]) {
    assert.equal(budget.allows(now), true);
    budget.noteRetry(now);
  }
  assert.equal(budget.allows(9_999), false);
  assert.equal(budget.allows(10_000), true, 'the first is ten seconds old');
});

test('a tenth of the requests where that is more', () => {
  const budget = new RetryBudget();
  for (let count = 0; count < 40; count++) budget.noteRequest(0);
  for (let count = 0; count < 4; count++) {
    assert.equal(budget.allows(5), true);
    budget.noteRetry(5);
  }
  assert.equal(budget.allows(6), false);
});
