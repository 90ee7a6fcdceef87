/** How much of the record is kept; null: no end. */
export interface KeepLimits {
  readonly ageMs: number | null;
  readonly bytes: number | null;
}
