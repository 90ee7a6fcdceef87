import type { Price } from '#core/policy/policy.ts';
import type { Usage } from '#core/reply/event.ts';

/** What one attempt or one call cost. Null is not known, which is not nothing. */
export interface Spent {
  readonly costNano: number | null;
  /** Energy in milliwatt-seconds; null where the machine's watts are not in the policy. */
  readonly energyMws: number | null;
}

export const nothingSpent: Spent = { costNano: null, energyMws: null };

/** Milliwatt-seconds of a kilowatt-hour. */
const mwsPerKwh = 3_600_000_000;

/** What tokens cost at a price per million, rounded to a whole nano-unit. Output that nobody counted costs nothing, and is flagged where it is estimated. */
export function priceOfUsage(usage: Usage, price: Price): number {
  const input = usage.input ?? 0;
  const cached = Math.min(usage.cachedInput ?? 0, input);
  const cachedNano = price.cachedInputNano ?? price.inputNano;
  const perMillion = (input - cached) * price.inputNano + cached * cachedNano + (usage.output ?? 0) * price.outputNano;
  return Math.round(perMillion / 1_000_000);
}

/**
 * What an attempt cost: its tokens at the model's price, and the machine's energy for its share of the time it was busy (`busyMs`,
 * shared with whatever else ran there meanwhile, so that the shares add up to the machine's own time).
 */
export function spentBy(
  attempt: { readonly usage: Usage | null; readonly busyMs: number | null },
  at: { readonly price: Price | null; readonly watts: number | null; readonly perKwhNano: number | null },
): Spent {
  const tokens = attempt.usage === null || at.price === null ? null : priceOfUsage(attempt.usage, at.price);
  // Watts times milliseconds are milliwatt-seconds.
  const energyMws = attempt.busyMs === null || at.watts === null ? null : Math.round(at.watts * attempt.busyMs);
  const energy = energyMws === null || at.perKwhNano === null ? null : Math.round((energyMws / mwsPerKwh) * at.perKwhNano);
  return { costNano: sumOfKnown([tokens, energy]), energyMws };
}

/** What several attempts cost together. */
export function spentTogether(spent: readonly Spent[]): Spent {
  return { costNano: sumOfKnown(spent.map((each) => each.costNano)), energyMws: sumOfKnown(spent.map((each) => each.energyMws)) };
}

/** The sum of what is known; null if nothing is. */
function sumOfKnown(amounts: readonly (number | null)[]): number | null {
  return amounts.reduce((sum, each) => (each === null ? sum : (sum ?? 0) + each), null);
}
