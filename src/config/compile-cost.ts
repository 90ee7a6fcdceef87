import type { Price, Tariff } from '#core/policy/policy.ts';
import { parseMoney } from '#core/units/parse-money.ts';
import { spotName } from './policy-source.ts';
import type { PolicyPath, Report } from './policy-source.ts';

/** Compiles `cost:`; null where the policy has none. */
export function compileCost(report: Report, currency: string | undefined): Tariff | null {
  if (currency === undefined) return null;
  const compared = report.source.spots.has(spotName(['cost', 'compare']));
  return {
    currency,
    perKwhNano: amountAt(['cost', 'per_kwh'], report),
    compare: compared ? priceOf(['cost', 'compare'], report) : null,
  };
}

/** A price per million tokens, exactly as it is written there. */
export function priceOf(path: PolicyPath, report: Report): Price {
  return {
    inputNano: amountAt([...path, 'input'], report) ?? 0,
    outputNano: amountAt([...path, 'output'], report) ?? 0,
    cachedInputNano: amountAt([...path, 'cached_input'], report),
  };
}

/** An amount in nano-units; null where there is none. It is read from the text as written, since a number may have lost digits. */
function amountAt(path: PolicyPath, report: Report): number | null {
  const written = report.source.spots.get(spotName(path))?.written;
  if (written === undefined || written === null) return null;
  const parsed = parseMoney(written);
  if ('value' in parsed) return parsed.value;
  report.error(path, parsed.problem);
  return null;
}
