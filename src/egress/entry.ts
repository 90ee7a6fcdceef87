import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { KeyHeaders } from './key-binding.ts';
import { peerName, type After } from './open-socket.ts';
import { judgeAddresses, type Origin, type Resolution } from './origins.ts';
import { addressesWithoutLookup } from './resolver.ts';

/** Idle connections are closed before servers that keep them for 5 s do it. */
const idleMs = 4000;

/** What the dialer keeps of one upstream at one origin. */
export interface Entry {
  origin: Origin;
  key: KeyHeaders;
  /** The key belongs to another origin. */
  keyVoid: boolean;
  resolution: Resolution;
  /** The last good addresses, kept through a refusal to compare with. */
  pins: readonly string[] | null;
  resolving: Promise<Resolution> | null;
  readonly dialling: Set<Exchange>;
  readonly active: Set<Connection>;
  /** The last is the one used last. */
  idle: { readonly connection: Connection; readonly cancelTimer: () => void }[];
  retired: boolean;
}

/** An upstream as it is first seen: pinned if its host needs no lookup, else unresolved. */
export function newEntry(origin: Origin): Entry {
  const addresses = addressesWithoutLookup(origin.host);
  const resolution: Resolution =
    addresses === null ? { state: 'unresolved', message: `${origin.host} was not looked up yet` } : judgeAddresses(origin, addresses, null);
  const pins = resolution.state === 'pinned' ? resolution.addresses : null;
  return {
    origin,
    key: {},
    keyVoid: false,
    resolution,
    pins,
    resolving: null,
    dialling: new Set(),
    active: new Set(),
    idle: [],
    retired: false,
  };
}

/** The idle connection used last that still lives. */
export function takeIdle(entry: Entry): Connection | null {
  for (let last = entry.idle.pop(); last !== undefined; last = entry.idle.pop()) {
    last.cancelTimer();
    if (last.connection.alive) return last.connection;
    last.connection.destroy();
  }
  return null;
}

/** Lets go of a connection that has closed. */
export function forget(entry: Entry, connection: Connection): void {
  entry.active.delete(connection);
  entry.idle = entry.idle.filter((each) => {
    if (each.connection === connection) each.cancelTimer();
    return each.connection !== connection;
  });
}

/** Closes what no call uses. */
export function closeIdle(entry: Entry): void {
  for (const { connection, cancelTimer } of entry.idle.splice(0)) {
    cancelTimer();
    connection.destroy();
  }
}

/** Ends an upstream: its idle connections now, the others when their call ends. */
export function retire(entry: Entry): void {
  entry.retired = true;
  closeIdle(entry);
}

/** Keeps a connection whose reply has ended for the next call, if it is still good for one. */
export function release(entry: Entry, connection: Connection, { after }: { readonly after: After }): void {
  entry.active.delete(connection);
  const pinned =
    entry.resolution.state === 'pinned' &&
    entry.resolution.addresses.some((pin) => peerName(pin, entry.origin.port) === connection.address);
  if (entry.retired || !pinned || !connection.alive) return connection.destroy();
  entry.idle.push({ connection, cancelTimer: after(idleMs, () => connection.destroy()) });
}
