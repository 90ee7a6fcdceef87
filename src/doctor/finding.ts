/** Something that is not as it should be, and what to do about it. */
export interface Finding {
  /** What it is about: an upstream's name, `clock`, `disk`, or a file. */
  readonly about: string;
  readonly problem: string;
  readonly remedy: string;
}
