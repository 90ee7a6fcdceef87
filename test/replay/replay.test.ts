/** A recorded call decides itself again, bit for bit, or the first field that differs is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replayCall } from '#replay/replay-call.ts';
import { houseWith, recordedCall } from './recorded.ts';

const house = houseWith();

test('a record without text replays from its scores, one with text from the text, to the same bits', () => {
  assert.deepEqual(replayCall(recordedCall(house, 'refactor this'), house), { outcome: 'equal', from: 'scores' });
  assert.deepEqual(replayCall(recordedCall(house, 'refactor this', { captured: true }), house), { outcome: 'equal', from: 'text' });
});

test('under another list of words it says which field is another', () => {
  const call = recordedCall(house, 'refactor this with pytest', { captured: true });
  const replay = replayCall(call, houseWith({ words: '[refactor]' }));
  assert.deepEqual(replay, {
    outcome: 'differs',
    from: 'text',
    field: 'facts.scores[0].words[1]',
    recorded: 'pytest',
    replayed: undefined,
  });
});

test('under another route the place in the plan is named', () => {
  const replay = replayCall(recordedCall(house, 'refactor'), houseWith({ code: 'studio' }));
  assert.ok(replay.outcome === 'differs' && replay.field === 'decision.plan.target[0].target', JSON.stringify(replay));
  assert.deepEqual([replay.recorded, replay.replayed], ['tower/coder', 'studio/talker']);
});

test('a record that was changed does not replay: its words, its decision, what it saw, who it says answered', () => {
  const call = recordedCall(house, 'hello', { seen: { 'studio/talker': { state: 'not_now', why: 'no_slot' } } });
  assert.equal(call.terminal?.servedBy, 'tower/coder');
  assert.ok(call.intent.facts && call.intent.decision && call.terminal);
  const fieldOf = (changed: typeof call): string => {
    const replay = replayCall(changed, house);
    return replay.outcome === 'differs' ? replay.field : replay.outcome;
  };
  assert.equal(fieldOf({ ...call, intent: { ...call.intent, facts: { ...call.intent.facts, model: 'code' } } }), 'decision.reason');
  assert.equal(
    fieldOf({ ...call, intent: { ...call.intent, decision: { ...call.intent.decision, bucket: 'coding' } } }),
    'decision.bucket',
  );
  assert.equal(fieldOf({ ...call, terminal: { ...call.terminal, walks: [call.terminal.walks[0]?.slice(1) ?? []] } }), 'walks[0][0]');
  assert.equal(fieldOf({ ...call, terminal: { ...call.terminal, servedBy: 'away/large' } }), 'servedBy');
});

test('what was refused before it was understood has nothing to replay', () => {
  const call = recordedCall(house, 'hello');
  assert.deepEqual(replayCall({ ...call, intent: { ...call.intent, facts: null, decision: null } }, house), { outcome: 'undecided' });
});
