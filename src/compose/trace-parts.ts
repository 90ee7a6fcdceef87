import type { LoadedPolicy } from '#config/load.ts';
import { tracesPartyName } from '#core/policy/policy.ts';
import type { Policy, TracesParty } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { HouseDialer } from '#egress/dialer.ts';
import type { DialUpstream } from '#egress/origins.ts';
import type { Clock, Digest } from '#gateway/ports.ts';
import type { RecordSink } from '#store/ports.ts';
import type { Watch } from '#telemetry/ports.ts';
import { postTraces } from '#traces/post-traces.ts';
import { TraceExporter } from '#traces/trace-exporter.ts';
import type { Posted } from '#traces/trace-exporter.ts';
import { tracedRecord } from '#traces/traced-record.ts';

/** Everybody the dialer may reach under a policy: its upstreams, and who collects its traces. */
export function partiesOf(policy: Policy): readonly DialUpstream[] {
  const { traces, upstreams } = policy;
  if (!traces) return upstreams;
  return [...upstreams, { name: tracesPartyName, url: traces.url, location: traces.location, models: [], party: true }];
}

/** Who collects traces and with which key, to tell whether a reload changed it. */
export function collectorOf({ policy, secrets }: LoadedPolicy): string {
  return JSON.stringify([policy.traces ?? null, secrets.get(tracesPartyName) ?? null]);
}

/** The headers that carry the key of who collects traces: basic where a user is named, else a bearer's. */
export function tracesKeyHeaders({ policy, secrets }: LoadedPolicy): Readonly<Record<string, string>> {
  const key = secrets.get(tracesPartyName);
  if (key === undefined) return {};
  const user = policy.traces?.user ?? null;
  return { authorization: user === null ? `Bearer ${key}` : `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}` };
}

/** What the exporter is made from. */
export interface TraceGround {
  readonly version: string;
  readonly tables: () => PolicyTables;
  readonly dialer: HouseDialer;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly watch: Watch;
}

/** The exporter of traces of a house, and a record that feeds it. */
export interface TraceParts {
  readonly exporter: TraceExporter;
  record(sink: RecordSink): RecordSink;
  /** Looks the collector's name up and tries it; says how that went. At the start, and whenever a reload changes who it is. */
  start(): Promise<void>;
}

export function traceParts({ version, tables, dialer, clock, digest, watch }: TraceGround): TraceParts {
  const party = (): TracesParty | null => tables().policy.traces ?? null;
  const tell = (message: string): void => watch.tell({ type: 'traces', message });
  let taken = false;
  const exporter = new TraceExporter({
    source: { version, house: tables().policy.house },
    party,
    tables,
    clock,
    digest,
    onState: (trouble) => tell(trouble === null ? 'taken again' : `not taken: ${trouble}`),
    post: async (body, right) => {
      // Its name may stand for another address by now.
      if (!taken) await dialer.resolve(tracesPartyName);
      const posted = await postTraces(body, { dialer, clock, permit: { upstream: tracesPartyName, target: null, ...right } });
      taken = posted.outcome === 'taken';
      return posted;
    },
  });
  return {
    exporter,
    record: (sink) => tracedRecord(sink, { take: (call) => exporter.take(call), party }),
    start: async () => {
      // A reload may have put another party in its place.
      taken = false;
      const posted = await exporter.selfTest();
      const to = party();
      if (posted !== null && to) tell(selfTestText(posted, to.url));
    },
  };
}

function selfTestText(posted: Posted, url: string): string {
  return posted.outcome === 'taken'
    ? `a span of our own was taken by ${url}`
    : `a span of our own was not taken by ${url}: ${posted.reason}`;
}
