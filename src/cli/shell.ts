import { styleText } from 'node:util';

/** What a command sees of the terminal it was started in. Tests bring their own. */
export interface Shell {
  /** Answers, which may be piped on. */
  out(text: string): void;
  /** What is said beside the answer: progress, notes, errors. */
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether a person reads the answers, and what is said beside them. */
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Columns and rows of the terminal. */
  size(): { readonly columns: number; readonly rows: number };
  /** What the process ends with; see `exit-codes.ts`. */
  exitCode: number;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Paint = (style: Style, text: string) => string;

/** The shell of this process. */
export function processShell(): Shell {
  const { stdout, stderr } = process;
  // Whoever reads may leave early (`| head`); that is no fault.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    outIsTty: stdout.isTTY,
    errIsTty: stderr.isTTY,
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    exitCode: 0,
  };
}

/** Paints only where a person looks on, and not where NO_COLOR is set to anything. */
export function painter(shell: Pick<Shell, 'env'>, isTty: boolean): Paint {
  const plain = !isTty || (shell.env['NO_COLOR'] ?? '') !== '' || shell.env['TERM'] === 'dumb';
  return (style, text) => (plain ? text : styleText(style, text, { validateStream: false }));
}
