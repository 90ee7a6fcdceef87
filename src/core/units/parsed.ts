/** What became of a text that should be a size, a duration or an amount: the value, or what is wrong with it and what to write. */
export type Parsed = { readonly value: number } | { readonly problem: string };

/** Scales a decimal text by a whole factor without a float in between; null if the result is not a whole number. */
export function scaleDecimal(whole: string, fraction: string, factor: bigint): bigint | null {
  const scaled = BigInt(whole + fraction) * factor;
  const divisor = 10n ** BigInt(fraction.length);
  return scaled % divisor === 0n ? scaled / divisor : null;
}
