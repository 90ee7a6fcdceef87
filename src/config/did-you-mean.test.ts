import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean } from './did-you-mean.ts';

const names = ['spark', 'win-5090', 'first_token', 'ok'];

test('a slip of the fingers finds the name', () => {
  assert.equal(didYouMean('sprak', names), 'spark');
  assert.equal(didYouMean('sparc', names), 'spark');
  assert.equal(didYouMean('win5090', names), 'win-5090');
  assert.equal(didYouMean('frist_tokn', names), 'first_token');
  assert.equal(didYouMean('SPARK', names), 'spark');
});

test('what resembles nothing finds nothing', () => {
  assert.equal(didYouMean('brain', names), null);
  assert.equal(didYouMean('no', names), null);
  assert.equal(didYouMean('', names), null);
  assert.equal(didYouMean('spark', []), null);
});
