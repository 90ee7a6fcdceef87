/** Opens the record of a folder as a user who may not write there, and says what comes of it. */
import { openLogStore } from '#record/open-log-store.ts';

process.setuid?.(65_534);
const opened = await openLogStore({
  folder: process.argv[2] ?? '',
  clock: { wallNow: () => 0, after: () => () => {} },
  settings: { checkpoints: null, files: false, keep: { ageMs: 1e12, bytes: 1e12 } },
  tell: () => {},
});
console.log('problem' in opened ? JSON.stringify(opened) : 'opened');
