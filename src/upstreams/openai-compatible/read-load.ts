import { isJsonFields } from '#upstreams/json-fields.ts';
import type { ServerLoad } from '#upstreams/kind.ts';

const slotsMax = 10_000;
const requestsMax = 1_000_000;

/** Reads `GET /slots` of llama.cpp: one object a slot, `is_processing` while it works. Null where the server does not show them (`--no-slots`). */
export function readSlots(body: string): ServerLoad | null {
  const slots = parse(body);
  if (!Array.isArray(slots) || slots.length === 0 || slots.length > slotsMax) return null;
  let running = 0;
  for (const slot of slots) {
    if (!isJsonFields(slot) || typeof slot['is_processing'] !== 'boolean') return null;
    if (slot['is_processing']) running += 1;
  }
  return { running, waiting: null, slots: slots.length };
}

/**
 * Reads `GET /metrics` of vLLM (its design page "Metrics"): how many requests run and wait, summed over the engines of one server. Null where
 * the gauges are not there.
 */
export function readVllmMetrics(body: string): ServerLoad | null {
  const running = sumOfGauge(body, 'vllm:num_requests_running');
  const waiting = sumOfGauge(body, 'vllm:num_requests_waiting');
  return running === null ? null : { running, waiting, slots: null };
}

/** The sum of one gauge over its labels in the Prometheus text format; null if it is not there or is no count. */
function sumOfGauge(text: string, name: string): number | null {
  let sum: number | null = null;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    const after = text.charAt(at + name.length);
    if ((at > 0 && text.charAt(at - 1) !== '\n') || (after !== '{' && after !== ' ')) continue;
    const lineEnd = text.indexOf('\n', at);
    const line = text.slice(at + name.length, lineEnd < 0 ? undefined : lineEnd);
    // A label's value may hold a brace; the value stands behind the last one.
    const value = Number(
      line
        .slice(line.lastIndexOf('}') + 1)
        .trim()
        .split(/\s/, 1)[0],
    );
    if (!Number.isFinite(value) || value < 0 || value > requestsMax) return null;
    sum = (sum ?? 0) + value;
  }
  return sum;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}
