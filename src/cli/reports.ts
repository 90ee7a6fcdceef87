import type { FleetStatus } from '#control/describe-fleet.ts';
import type { Drain } from '#core/fleet/health.ts';

/** What `/v1/models` answers, as far as the command line reads it. */
export interface ListedModels {
  readonly data: readonly { readonly id: string; readonly max_model_len?: number | null }[];
}

/** What `/admin/status` answers, as far as the command line reads it. */
export interface HouseStatus extends FleetStatus {
  readonly version: string;
  readonly house: string;
  readonly policy: { readonly hash: string; readonly path: string | null };
  readonly profiles: readonly string[];
  readonly listen: readonly string[];
  readonly ready: boolean;
  readonly uptimeMs: number;
  readonly demo: { readonly machines: readonly string[]; readonly broken: readonly string[] } | null;
  readonly drains: readonly Drain[];
}
