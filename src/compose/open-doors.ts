import { hostname } from 'node:os';
import { endpoints } from '#control/endpoints.ts';
import { operatorPrincipal } from '#control/operator.ts';
import { operatorSocketPath } from '#egress/operator-socket.ts';
import { handle } from '#gateway/pipeline.ts';
import type { Clock } from '#gateway/ports.ts';
import type { Door, ListenerLimits } from '#http/door.ts';
import { openListener } from '#http/listener.ts';
import type { Listener } from '#http/listener.ts';
import { CannotListen, tcpPlace } from '#http/listen-place.ts';
import { identifyCaller } from '#identity/identify-caller.ts';
import type { KeyRing } from '#identity/key-ring.ts';
import type { StartProblem } from '#store/ports.ts';
import type { HouseParts } from './house-parts.ts';
import { requestIds } from './request-ids.ts';

/** The listeners of a house: the public ones, and the operator's socket. */
export interface Doors {
  readonly addresses: readonly string[];
  readonly operatorSocket: string;
  /** Takes no more connections, lets requests end for `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** Opens the operator's socket and every public address, or says in one line which cannot be. */
export async function openDoors(
  parts: HouseParts,
  keys: KeyRing,
  options: {
    readonly clock: Clock;
    readonly folder: string;
    readonly listen: readonly string[];
    readonly onFault: Door['fault'];
    readonly limits: Partial<ListenerLimits>;
  },
): Promise<Doors | StartProblem> {
  const shared: Omit<Door, 'identify' | 'hosts'> = {
    endpoints: endpoints(parts.control),
    serve: (surface, incoming, principal) => handle(parts.house, surface, { incoming, principal }),
    clock: options.clock,
    ids: requestIds(() => options.clock.wallNow()),
    refused: (code) => parts.telemetry.watch.tell({ type: 'refused', code }),
    fault: options.onFault,
  };
  const machineName = hostname();
  const publicDoor: Door = {
    ...shared,
    identify: (head) => identifyCaller(head.headers, keys, head.connection),
    hosts: () => ({ hosts: parts.house.tables().policy.hosts, machineName }),
  };
  const operatorDoor: Door = { ...shared, identify: (head) => operatorPrincipal(head, parts.house.tables()), hosts: null };
  const opened: Listener[] = [];
  try {
    const operator = await openListener({ type: 'unix', path: operatorSocketPath(options.folder) }, operatorDoor);
    opened.push(operator);
    for (const address of options.listen) opened.push(await openListener(tcpPlace(address), publicDoor, options.limits));
    parts.addresses.push(...opened.slice(1).map((listener) => listener.address));
    return { addresses: parts.addresses, operatorSocket: operator.address, close: (graceMs) => closeAll(opened, graceMs) };
  } catch (error) {
    if (!(error instanceof CannotListen)) throw error;
    await closeAll(opened, 0);
    const remedy = error.taken ? 'stop that program, or name another address with --listen' : 'name another address with --listen';
    return { problem: error.message, remedy };
  }
}

async function closeAll(listeners: readonly Listener[], graceMs: number): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close(graceMs)));
}
