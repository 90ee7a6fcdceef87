import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partyFlow } from './party-flow.ts';

test('what a party hears of a call: by where it is, whose call it was and what the policy lets go', () => {
  const rows = [
    ['house', true, 'sovereign', 'text'],
    ['house', false, 'sovereign', 'facts'],
    ['house', true, 'cloud-explicit', 'text'],
    ['cloud', true, 'sovereign', 'nothing'],
    ['cloud', true, 'coordination', 'nothing'],
    ['cloud', false, 'sovereign', 'nothing'],
    ['cloud', true, 'local-first', 'facts'],
    ['cloud', true, 'cloud-explicit', 'text'],
    ['cloud', false, 'cloud-explicit', 'facts'],
  ] as const;
  for (const [location, text, tier, flow] of rows) assert.equal(partyFlow({ location, text }, tier), flow, `${location} ${text} ${tier}`);
});
