import type { Command } from 'commander';
import { newCommand } from './command.ts';
import { eraseCommand } from './erase.ts';
import type { Shell } from './shell.ts';

/** `gatehouse records …`. */
export function recordsCommand(shell: Shell): Command {
  const records = newCommand({
    name: 'records',
    summary: 'what the record holds of calls',
    examples: [['gatehouse records erase --older-than 30d', 'what was said goes, that it was said stays']],
  });
  records.addCommand(eraseCommand(shell));
  return records;
}
