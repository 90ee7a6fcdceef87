import type { Control } from './control.ts';
import { describeFleet } from './describe-fleet.ts';
import type { PlainResponse } from './endpoint.ts';
import { jsonResponse } from './plain-response.ts';

/** `GET /admin/status`: everything `gatehouse status` and `gatehouse top` show, in one piece. */
export function statusAnswer(control: Control): PlainResponse {
  const tables = control.tables();
  return jsonResponse({
    version: control.version,
    house: tables.policy.house,
    policy: { hash: tables.hash, path: control.policyPath() },
    profiles: tables.policy.profiles.map((profile) => profile.name),
    listen: control.listening(),
    ready: control.recordWritable(),
    uptimeMs: Math.round(control.clock.now() - control.startedAt),
    demo: control.demo ? { machines: control.demo.names(), broken: control.demo.broken() } : null,
    drains: control.fleet.drains(),
    ...describeFleet(tables, control.fleet),
    stats: control.stats(),
  });
}
