import { z } from 'zod';
import { bytesPattern, parseBytes } from '#core/units/parse-bytes.ts';
import { duration, yesOrNo } from './schema-leaves.ts';

const hundredYearsMs = 100 * 365 * 86_400_000;
/** Below this the newest day of a busy house would already be pruned. */
const bytesMin = 100_000_000;

/** An amount of storage in the file, bytes behind it. */
function storage(description: string) {
  return z
    .string({ error: 'expected an amount of storage such as 20GB' })
    .meta({ description, pattern: bytesPattern })
    .transform((text, context) => {
      const parsed = parseBytes(text);
      if ('value' in parsed && parsed.value >= bytesMin) return parsed.value;
      context.issues.push({ code: 'custom', input: text, message: 'value' in parsed ? 'must be at least 100MB' : parsed.problem });
      return z.NEVER;
    });
}

export const recordSchema = z
  .strictObject({
    checkpoints: z
      .string()
      .regex(/^\//, { error: 'expected a whole path, such as /mnt/other/checkpoints.jsonl' })
      .meta({ description: 'A file on another disk or machine to which every signed checkpoint of the record is also written.' })
      .optional(),
    keep: duration('How long the record is kept. Default: 90d.', 1, { longestMs: hundredYearsMs }).optional(),
    max: storage('How large the record may grow; the oldest goes first. Default: 20GB.').optional(),
    files: yesOrNo('Also write the record as rotated files of lines into the data folder. Default: false.').optional(),
  })
  .meta({ description: 'How the record is kept.' });

/** How much of what is said the record keeps, as a profile says it. */
export const captureSchema = z.enum(['full', 'hash', 'none']).meta({
  description:
    'What the record keeps of what is said. full: the texts; hash: a salted hash of each; none: nothing. Default: full, and hash for tier sovereign.',
});
