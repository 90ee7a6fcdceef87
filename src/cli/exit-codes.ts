/** What the process ends with. `docs/cli.md` and `--help` say the same. */
export const exitCodes = {
  ok: 0,
  /** Something did not hold: a guarantee is violated, a question got an error for an answer. */
  violated: 1,
  /** What was given is wrong: the policy, a file, an option, a name. */
  invalid: 2,
  /** It cannot start, or nobody is there to ask: a port is taken, the server does not run. */
  cannotStart: 3,
} as const;

export const exitCodesHelp = 'Exit codes: 0 ok, 1 violated or answered with an error, 2 invalid input, 3 cannot start or not running.';

/** Ends a command with one line for the person and an exit code. Thrown by whatever finds that it cannot go on. */
export class CliStop extends Error {
  override readonly name = 'CliStop';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
