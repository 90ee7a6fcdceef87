import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHouse } from '#compose/start-house.ts';
import { loadPolicy } from '#config/load.ts';
import type { AttemptRecord } from '#core/record/record.ts';
import { askOperator } from '#egress/operator-socket.ts';
import type { Resolver } from '#egress/resolver.ts';
import type { Told } from '#telemetry/ports.ts';
import { readView } from '#test/record/read-view.ts';

/** What is read of the record's lines. */
export type RecordLine =
  | { readonly type: 'start'; readonly id: string; readonly decision: { readonly route: string | null } | null }
  | {
      readonly type: 'terminal';
      readonly id: string;
      readonly result: string;
      readonly code: string | null;
      readonly servedBy: string | null;
      readonly attempts: readonly Pick<AttemptRecord, 'target' | 'result'>[];
    };

export interface FleetNow {
  readonly slotsInUse: number;
  readonly waiting: number;
  readonly upstreams: readonly { readonly upstream: string; readonly state: string; readonly inFlight: number }[];
}

/** A house for one round, on a real listener. */
export interface FaultHouse {
  readonly origin: string;
  readonly key: string;
  readonly told: readonly Told[];
  /** Faults of the house's own. */
  readonly faults: readonly unknown[];
  fleet(): Promise<FleetNow>;
  active(): number;
  /** Reads the policy again, and with it every name. */
  reload(): Promise<void>;
  record(): readonly RecordLine[];
  close(): Promise<void>;
}

export async function startFaultHouse(policy: string, resolver?: Resolver): Promise<FaultHouse> {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-fault-'));
  const dataFolder = join(root, 'data');
  const told: Told[] = [];
  const faults: unknown[] = [];
  const house = await startHouse({
    version: '0.0.0-test',
    readPolicy: () => loadPolicy(policy, { file: 'gatehouse.yaml', folder: root, env: {} }),
    policyPath: null,
    dataFolder,
    listen: ['127.0.0.1:0'],
    demo: null,
    ...(resolver === undefined ? {} : { resolver }),
    onTold: (one) => void told.push(one),
    onFault: (_, error) => void faults.push(error),
  });
  if ('refused' in house) throw new Error(`${JSON.stringify(house.refused.problems, null, 1)}\n${policy}`);
  if ('problem' in house) throw new Error(`${house.problem}: ${house.remedy}`);
  return {
    origin: `http://${house.addresses[0] ?? ''}`,
    key: house.firstKey ?? '',
    told,
    faults,
    fleet: async () => {
      const reply = await askOperator(house.operatorSocket, { method: 'GET', path: '/admin/status' });
      const now: FleetNow = JSON.parse(await reply.text());
      return now;
    },
    active: () => house.active().length,
    reload: async () => void (await house.reload()),
    record: () => recordLines(dataFolder),
    close: async () => {
      await house.close(500);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function recordLines(folder: string): readonly RecordLine[] {
  // A reply may end when its house is gone.
  if (!existsSync(folder)) return [];
  return readView(folder, 'router-decisions').map((line): RecordLine => JSON.parse(line));
}
