import type { LoadedPolicy } from '#config/load.ts';
import { canonicalJson } from '#config/policy-hash.ts';
import type { Policy } from '#core/policy/policy.ts';
import type { WriterSettings } from '#record/writer-messages.ts';
import type { StoreOp } from '#store/ports.ts';
import { systemClock } from './system-clock.ts';

/** What the record keeps of a policy that comes into force: without it nothing that was decided under it can be decided again. */
export function policyInForce({ policy, hash }: LoadedPolicy): StoreOp {
  return { op: 'policy', at: systemClock.wallNow(), hash, json: canonicalJson(policy) };
}

/** What is kept where the policy does not say: 90 days, 20 GB. */
const keepMsUnsaid = 90 * 86_400_000;
const keepBytesUnsaid = 20_000_000_000;

/** What the thread that writes the record has to know of the policy. */
export function recordSettings({ record }: Policy): WriterSettings {
  const keep = { ageMs: record?.keepMs ?? keepMsUnsaid, bytes: record?.maxBytes ?? keepBytesUnsaid };
  return { checkpoints: record?.checkpoints ?? null, files: record?.files ?? false, keep };
}
