import { openForAsking } from '#record/asking/record-reader.ts';
import { LOG_VIEWS } from '#record/log-views.ts';
import { LogReader } from '#record/read-log.ts';

/** The lines of one view of the record in a data folder, also while a house writes it. */
export function readView(folder: string, name: string): string[] {
  const view = LOG_VIEWS.find((each) => each.name === name);
  if (!view) throw new Error(`there is no view ${name}`);
  const database = openForAsking(folder);
  try {
    return [...new LogReader(database).lines(view)];
  } finally {
    database.close();
  }
}
