/** One thing wrong with a policy file (or, as a warning or note, worth knowing), at the place of the offending text. */
export interface PolicyProblem {
  /** The file as the person named it. */
  readonly file: string;
  /** 1-based; columns count UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
  /** Where in the policy: `routes.code.failover`; empty for what is wrong with the file as such. */
  readonly path: string;
  /** What is wrong, without a full stop. Never holds the text of a key. */
  readonly message: string;
  /** The text that was probably meant. */
  readonly suggestion: string | null;
}

/** The line a person reads: `gatehouse.yaml:14:18 routes.code.failover: no target "sprak". Did you mean "spark"?` */
export function formatProblem(problem: PolicyProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const path = problem.path === '' ? '' : `${problem.path}:`;
  const suggestion = problem.suggestion === null ? '' : `. Did you mean "${problem.suggestion}"?`;
  return [place, path, `${problem.message}${suggestion}`].filter((part) => part !== '').join(' ');
}

/** Orders problems as a reader meets them. */
export function byPlace(a: PolicyProblem, b: PolicyProblem): number {
  return a.line - b.line || a.column - b.column;
}
