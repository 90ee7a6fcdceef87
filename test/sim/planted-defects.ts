import type { TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Dialer, WireCall, WireHandler } from '#egress/port.ts';
import { FleetState } from '#gateway/fleet-state.ts';
import type { House } from '#gateway/house.ts';
import type { SlotLease } from '#gateway/ports.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';
import type { Mode } from './run-world.ts';
import type { Plant } from './world.ts';

/** A defect that a gatehouse might have, and a word of the violation that gives it away. */
export interface PlantedDefect {
  readonly name: string;
  readonly mode: Mode;
  readonly plant: () => Plant;
  readonly shows: RegExp;
}

const finished = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

export const plantedDefects: readonly PlantedDefect[] = [
  { name: 'a slot does not come back', mode: 'safety', plant: () => ({ fleet: KeepsSlots }), shows: /slots? are still in use/ },
  { name: 'slots are not counted', mode: 'safety', plant: () => ({ fleet: CountsNothing }), shows: /slots were all taken/ },
  { name: 'a terminal is skipped', mode: 'safety', plant: () => ({ house: skipsTerminals }), shows: /has an intent and no terminal/ },
  { name: 'a terminal is written twice', mode: 'safety', plant: () => ({ house: doublesTerminals }), shows: /has two terminals/ },
  {
    name: 'the terminal is not waited for',
    mode: 'safety',
    plant: () => ({ house: (house) => hasty(house, 'end') }),
    shows: /before its terminal was durable/,
  },
  {
    name: 'the intent is not waited for',
    mode: 'safety',
    plant: () => ({ house: (house) => hasty(house, 'begin') }),
    shows: /before its intent was durable/,
  },
  {
    name: 'the record forgets what moved the walk',
    mode: 'safety',
    plant: () => ({ house: forgetsEvents }),
    shows: /the last walk stopped|does not answer/,
  },
  {
    name: 'a reservation is not settled',
    mode: 'safety',
    plant: () => ({ house: forgetsReservations }),
    shows: /reservations, \d+ settlements/,
  },
  { name: 'an event is told twice', mode: 'safety', plant: () => ({ caller: everyFifth(2) }), shows: /as the whole|does not begin/ },
  {
    name: 'an event is not told',
    mode: 'safety',
    plant: () => ({ caller: everyFifth(0) }),
    shows: /as the whole|does not begin|no machine meant/,
  },
  { name: 'a broken stream has a terminator', mode: 'safety', plant: () => ({ surface: terminatesErrors }), shows: /behind the end/ },
  {
    name: 'a cut answer looks whole',
    mode: 'safety',
    plant: () => ({ house: (house) => dialling(house, finishesCuts) }),
    shows: /as the whole/,
  },
  {
    name: 'the words of another call get in',
    mode: 'safety',
    plant: () => ({ house: (house) => dialling(house, mixing()) }),
    shows: /spliced|words of request/,
  },
  { name: 'a call is not aborted', mode: 'safety', plant: () => ({ house: neverAborts }), shows: /still in use|still open/ },
  { name: 'the tier does not count', mode: 'safety', plant: () => ({ house: forgetsLocations }), shows: /outside the house for a/ },
];

class KeepsSlots extends FleetState {
  override async acquire(target: TargetId, order: number): Promise<SlotLease | null> {
    const lease = await super.acquire(target, order);
    return lease && { step: (event) => (event.type === 'body_ended' && order % 5 === 0 ? undefined : lease.step(event)) };
  }
}

class CountsNothing extends FleetState {
  override acquire(): Promise<SlotLease | null> {
    return Promise.resolve({ step: () => {} });
  }
}

function withRecord(house: House, record: Partial<House['record']>): House {
  const { record: real } = house;
  return {
    ...house,
    record: { begin: (intent) => real.begin(intent), end: (terminal) => real.end(terminal), writable: () => real.writable(), ...record },
  };
}

function skipsTerminals(house: House): House {
  let count = 0;
  return withRecord(house, { end: (terminal) => (++count % 7 === 0 ? Promise.resolve() : house.record.end(terminal)) });
}

function doublesTerminals(house: House): House {
  return withRecord(house, {
    async end(terminal) {
      await house.record.end(terminal);
      if (terminal.result === 'cancelled') await house.record.end(terminal);
    },
  });
}

function hasty(house: House, half: 'begin' | 'end'): House {
  const unawaited = (writing: Promise<void>): Promise<void> => {
    writing.catch(() => {});
    return Promise.resolve();
  };
  return half === 'begin'
    ? withRecord(house, { begin: (intent) => unawaited(house.record.begin(intent)) })
    : withRecord(house, { end: (terminal) => unawaited(house.record.end(terminal)) });
}

function forgetsEvents(house: House): House {
  return withRecord(house, {
    end: (terminal) => house.record.end({ ...terminal, walks: terminal.walks.map((events) => events.slice(0, -1)) }),
  });
}

function forgetsReservations(house: House): House {
  return {
    ...house,
    limits: {
      async reserve(attempt) {
        const reservation = await house.limits.reserve(attempt);
        return reservation.granted ? { granted: true, settle: () => Promise.resolve() } : reservation;
      },
    },
  };
}

/** Tells every fifth piece of an answer so many times. */
function everyFifth(times: number): NonNullable<Plant['caller']> {
  let count = 0;
  return (caller) => ({
    write: (bytes) => {
      let waiting = 0;
      const again = String(Buffer.from(bytes)).includes('‹') && ++count % 5 === 0 ? times : 1;
      for (let time = 0; time < again; time++) waiting = caller.write(bytes);
      return waiting;
    },
  });
}

const terminatesErrors = {
  ...openaiChatSurface,
  errorEvent: (...args: Parameters<typeof openaiChatSurface.errorEvent>) =>
    openaiChatSurface.errorEvent(...args) + openaiChatSurface.terminator,
};

/** Puts something between the conductor's handlers and the network. */
function dialling(house: House, between: (handler: WireHandler) => WireHandler): House {
  const dialer: Dialer = { call: (request, handler, options) => house.dialer.call(request, between(handler), options) };
  return { ...house, dialer };
}

function finishesCuts(handler: WireHandler): WireHandler {
  let streamed = false;
  return {
    ...boundHandler(handler),
    head: (status, headers) => {
      streamed = (headers['content-type'] ?? '').startsWith('text/event-stream');
      handler.head(status, headers);
    },
    failed: (fault) => {
      if (!streamed || fault.cause === 'aborted') return handler.failed(fault);
      handler.data(Buffer.from(finished));
      handler.end();
    },
  };
}

/** Now and then a piece of one stream comes in the middle of another. */
function mixing(): (handler: WireHandler) => WireHandler {
  let stray: Uint8Array | null = null;
  let count = 0;
  return (handler) => ({
    ...boundHandler(handler),
    data: (bytes) => {
      const isEvent = /^[0-9a-f\r\n]*data: .*‹.*\n\n$/s.test(String(Buffer.from(bytes)));
      if (isEvent && stray !== null && ++count % 5 === 0) handler.data(stray);
      if (isEvent) stray = Uint8Array.from(bytes);
      handler.data(bytes);
    },
  });
}

function boundHandler(handler: WireHandler): WireHandler {
  return {
    dialled: (peer) => handler.dialled(peer),
    sent: () => handler.sent(),
    head: (status, headers) => handler.head(status, headers),
    data: (bytes) => handler.data(bytes),
    end: () => handler.end(),
    failed: (fault) => handler.failed(fault),
  };
}

function neverAborts(house: House): House {
  const deaf = (call: WireCall): WireCall => ({ pause: () => call.pause(), resume: () => call.resume(), abort: () => {} });
  return { ...house, dialer: { call: (request, handler, options) => deaf(house.dialer.call(request, handler, options)) } };
}

function forgetsLocations(house: House): House {
  const lied = new Map<PolicyTables, PolicyTables>();
  return {
    ...house,
    tables: () => {
      const tables = house.tables();
      const known = lied.get(tables);
      if (known) return known;
      const targets = new Map([...tables.targets].map(([id, target]) => [id, { ...target, location: 'house' as const }]));
      const lie = { ...tables, targets };
      lied.set(tables, lie);
      return lie;
    },
  };
}
