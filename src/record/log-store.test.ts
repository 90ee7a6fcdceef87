import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import { LogStore } from './log-store.ts';
import type { ToWriter } from './writer-messages.ts';

interface Stage {
  readonly store: LogStore;
  /** What the writer was given, by the kinds of entries of each batch. */
  readonly batches: string[][];
  /** How often it was asked to open the file again, by its rounds. */
  readonly recoveries: number[];
  /** The `seq` of the head from which it was asked to look, by the rounds. */
  readonly lookedFrom: number[];
  /** Lets so much time pass. */
  readonly pass: (ms: number) => void;
  /** Ends the turn: what was to be done soon is done. */
  readonly turn: () => void;
}

/** A store whose writer only listens. */
function stage(): Stage {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly what: () => void }>();
  const soon: (() => void)[] = [];
  const batches: string[][] = [];
  const recoveries: number[] = [];
  const lookedFrom: number[] = [];
  const link = {
    post: (message: ToWriter) => {
      if (message.type === 'batch') batches.push(message.entries.map(({ kind }) => kind));
      if (message.type !== 'recover') return;
      recoveries.push(message.round);
      lookedFrom.push(message.head.seq);
    },
    end: () => {},
  };
  const ready = {
    link,
    settings: { checkpoints: null, files: false, keep: { ageMs: null, bytes: null } },
    head: { seq: 0, hash: '00' },
    logId: 'x',
  };
  const clock = {
    wallNow: () => now,
    after: (delayMs: number, what: () => void) => {
      const timer = { at: now + delayMs, what };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const store = new LogStore(() => link, ready, { clock, tell: () => {}, soon: (run) => void soon.push(run) });
  return {
    store,
    batches,
    recoveries,
    lookedFrom,
    pass: (ms) => {
      now += ms;
      const due = Array.from(timers).filter(({ at }) => at <= now);
      for (const timer of due) if (timers.delete(timer)) timer.what();
    },
    turn: () => {
      for (const run of soon.splice(0)) run();
    },
  };
}

test('a patient start goes with the end of its call, in one transaction', () => {
  const { store, batches, turn } = stage();
  void store.commit([{ op: 'start', intent: intentWith() }], { patient: true });
  turn();
  assert.deepEqual(batches, []);
  void store.commit([{ op: 'terminal', terminal: terminalWith() }]);
  turn();
  assert.deepEqual(batches, [['start', 'terminal']]);
});

test('patience has an end; what comes behind it has its own', () => {
  const { store, batches, pass, turn } = stage();
  void store.commit([{ op: 'start', intent: intentWith() }], { patient: true });
  pass(49);
  assert.deepEqual(batches, []);
  pass(1);
  assert.deepEqual(batches, [['start']]);
  store.hear({ type: 'written', first: 1, head: { seq: 1, hash: '00' } });
  void store.commit([{ op: 'start', intent: intentWith({ id: 'r2' }) }], { patient: true });
  turn();
  assert.equal(batches.length, 1);
  pass(50);
  assert.deepEqual(batches[1], ['start']);
});

test('where somebody waits for it patience ends at once', () => {
  const { store, batches, pass, turn } = stage();
  void store.commit([{ op: 'start', intent: intentWith() }], { patient: true });
  store.hurry();
  turn();
  assert.deepEqual(batches, [['start']]);
  pass(60);
  assert.equal(batches.length, 1);
});

test('after a batch only what is urgent follows at once', () => {
  const { store, batches, pass, turn } = stage();
  void store.commit([{ op: 'start', intent: intentWith() }]);
  turn();
  void store.commit([{ op: 'start', intent: intentWith({ id: 'r2' }) }], { patient: true });
  store.hear({ type: 'written', first: 1, head: { seq: 1, hash: '00' } });
  assert.equal(batches.length, 1);
  void store.commit([{ op: 'terminal', terminal: terminalWith() }]);
  turn();
  assert.deepEqual(batches[1], ['start', 'terminal'], 'in the order in which they came');
  store.hear({ type: 'written', first: 2, head: { seq: 3, hash: '00' } });
  pass(1_000);
  assert.equal(batches.length, 2);
});

test('a disk that hangs is an outage: whoever waits is told after ten seconds, and it is looked at again', async () => {
  const { store, recoveries, pass, turn } = stage();
  const refused = assert.rejects(store.commit([{ op: 'start', intent: intentWith() }]), /nothing was heard of it for 10 s/);
  turn();
  pass(9_999);
  assert.ok(store.writable());
  pass(1);
  await refused;
  assert.ok(!store.writable());
  pass(1_000);
  assert.equal(recoveries.length, 1);
  store.hear({ type: 'written', first: 1, head: { seq: 1, hash: '00' } });
  assert.ok(!store.writable(), 'what comes so late proves nothing');
  store.hear({ type: 'recovered', round: 1, first: 1, head: { seq: 1, hash: '00' } });
  store.hear({ type: 'written', first: 2, head: { seq: 3, hash: '00' } });
  assert.ok(store.writable());
});

test('what lands after it was given up is looked for from the head that was known, whatever the writer did behind it', async () => {
  const { store, batches, lookedFrom, pass, turn } = stage();
  const begun = store.commit([{ op: 'start', intent: intentWith({ id: 'late' }) }]);
  turn();
  pass(10_000);
  await assert.rejects(begun);
  // The disk is back: the batch is there, and a checkpoint behind it that had waited with it.
  store.hear({ type: 'written', first: 1, head: { seq: 1, hash: '01' } });
  store.hear({ type: 'moved', head: { seq: 2, hash: '02' } });
  pass(1_000);
  assert.deepEqual(lookedFrom, [0]);
  store.hear({ type: 'recovered', round: 1, first: 1, head: { seq: 2, hash: '02' } });
  assert.deepEqual(batches.at(-1), ['interrupted', 'admin'], 'the call that nobody ends any more has its end');
});
