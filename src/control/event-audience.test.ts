import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientWire, Clock } from '#gateway/ports.ts';
import type { Happening } from '#telemetry/ports.ts';
import { EventAudience } from './event-audience.ts';

interface FakeWire extends ClientWire {
  readonly sent: string[];
  waitingBytes: number;
  leave(): void;
  drain(): void;
}

function fakeWire(): FakeWire {
  const gone: (() => void)[] = [];
  const drained: (() => void)[] = [];
  const sent: string[] = [];
  const wire: FakeWire = {
    sent,
    waitingBytes: 0,
    head: (status) => void sent.push(String(status)),
    write: (bytes) => {
      sent.push(String(bytes));
      return wire.waitingBytes;
    },
    end: () => {},
    destroy: () => {},
    onGone: (listener) => void gone.push(listener),
    onDrained: (listener) => void drained.push(listener),
    leave: () => gone.forEach((listener) => listener()),
    drain: () => drained.forEach((listener) => listener()),
  };
  return wire;
}

function audience(): {
  events: EventAudience;
  tell: (happening: Happening) => void;
  beat: () => void;
  timers: Set<() => void>;
  listeners: Set<unknown>;
} {
  const listeners = new Set<(happening: Happening) => void>();
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    wallNow: () => 0,
    after: (_, what) => {
      timers.add(what);
      return () => timers.delete(what);
    },
  };
  const events = new EventAudience((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, clock);
  const tell = (happening: Happening): void => listeners.forEach((listener) => listener(happening));
  const beat = (): void => {
    const due = [...timers];
    timers.clear();
    due.forEach((what) => what());
  };
  return { events, tell, beat, timers, listeners };
}

const refused: Happening = { type: 'refused', code: 'key_missing' };

test('a listener hears what happens, and silence is kept alive', () => {
  const { events, tell, beat } = audience();
  const wire = fakeWire();
  assert.equal(events.open(wire), null);
  tell(refused);
  beat();
  assert.deepEqual(wire.sent, [
    '200',
    ': listening\n\n',
    'event: refused\ndata: {"type":"refused","code":"key_missing"}\n\n',
    ': keep-alive\n\n',
  ]);
});

test('a listener that does not read is told how much it missed', () => {
  const { events, tell, beat } = audience();
  const [slow, quick] = [fakeWire(), fakeWire()];
  events.open(slow);
  events.open(quick);
  slow.waitingBytes = 300_000;
  tell(refused);
  for (let at = 0; at < 5; at++) tell(refused);
  beat();
  assert.equal(slow.sent.filter((text) => text.startsWith('event')).length, 1);
  assert.equal(quick.sent.filter((text) => text.startsWith('event')).length, 6);
  slow.waitingBytes = 0;
  slow.drain();
  assert.equal(slow.sent.at(-1), 'event: missed\ndata: {"count":5}\n\n');
  tell(refused);
  assert.match(slow.sent.at(-1) ?? '', /^event: refused/);
});

test('there is room for so many, and who leaves makes room and leaves nothing behind', () => {
  const { events, timers, listeners } = audience();
  const wires = Array.from({ length: 16 }, fakeWire);
  for (const wire of wires) assert.equal(events.open(wire), null);
  assert.equal(events.open(fakeWire())?.code, 'rate_limited');
  for (const wire of wires) wire.leave();
  assert.deepEqual([events.count, timers.size, listeners.size], [0, 0, 0]);
  assert.equal(events.open(fakeWire()), null);
});
