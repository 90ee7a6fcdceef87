import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readingOf } from '#core/policy/policy-fixture.ts';
import { pickMember } from './pick-member.ts';

const members = ['a/m', 'b/m', 'c/m'];
const all = members.map((member) => readingOf(member));
const sessions = Array.from({ length: 300 }, (_, at) => `session ${at}`);

function favourite(session: string): string | undefined {
  return pickMember(all, session, members)?.target;
}

test('a session keeps its member', () => {
  for (const session of sessions) assert.equal(favourite(session), favourite(session));
});

test('sessions spread over the members', () => {
  for (const member of members) {
    const share = sessions.filter((session) => favourite(session) === member).length;
    assert.ok(share > 60 && share < 140, `${member} has ${share} of 300`);
  }
});

test('the order of the list is nothing to the favourite', () => {
  for (const session of sessions) assert.equal(pickMember(all.toReversed(), session, members.toReversed())?.target, favourite(session));
});

test('a member that joins takes its own share and moves nobody else', () => {
  for (const session of sessions) {
    const joined = pickMember([...all, readingOf('d/m')], session, [...members, 'd/m'])?.target;
    assert.ok(joined === 'd/m' || joined === favourite(session));
  }
});

const elsewhere = sessions.find((session) => favourite(session) === 'c/m') ?? '';

test('a favourite that is not free gives way to the fewest in flight per slot', () => {
  const readings = [
    readingOf('a/m', 'up', { inFlight: 2, slots: 4 }),
    readingOf('b/m', 'up', { inFlight: 3, slots: 8 }),
    readingOf('c/m', 'no_slot', { inFlight: 4 }),
  ];
  assert.equal(pickMember(readings, elsewhere, members)?.target, 'b/m');
});

test('then list order decides', () => {
  const readings = [readingOf('a/m', 'up', { inFlight: 1 }), readingOf('b/m', 'up', { inFlight: 1 }), readingOf('c/m', 'ejected')];
  assert.equal(pickMember(readings, elsewhere, members)?.target, 'a/m');
});

test('unlimited slots weigh nothing', () => {
  const readings = [
    readingOf('a/m', 'up', { inFlight: 1 }),
    readingOf('b/m', 'up', { inFlight: 90, slots: null }),
    readingOf('c/m', 'ejected'),
  ];
  assert.equal(pickMember(readings, elsewhere, members)?.target, 'b/m');
});

test('the favourite does not change while another is away', () => {
  for (const session of sessions.filter((each) => favourite(each) !== 'a/m')) {
    const readings = [readingOf('a/m', 'ejected'), readingOf('b/m', 'up', { inFlight: 3 }), readingOf('c/m', 'up', { inFlight: 3 })];
    assert.equal(pickMember(readings, session, members)?.target, favourite(session));
  }
});

test('nobody is free', () => {
  assert.equal(pickMember([readingOf('a/m', 'no_slot'), readingOf('b/m', 'ejected')], 's', members), null);
  assert.equal(pickMember([], 's', members), null);
});
