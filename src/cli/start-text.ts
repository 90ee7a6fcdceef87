import { curlLine, originOfListen } from './connect-settings.ts';
import type { Paint } from './shell.ts';
import { textTable } from './text-table.ts';

/** What the start of a house has to say. */
export interface Started {
  readonly version: string;
  readonly house: string;
  /** For people: the file, `found on this machine`, `the demo house`. */
  readonly source: string;
  /** `host:port`, as listened on. */
  readonly addresses: readonly string[];
  /** Names for `model`, the one that chooses first. */
  readonly models: readonly string[];
  readonly dataFolder: string;
  /** Null if it was shown at an earlier start. */
  readonly key: string | null;
  /** `shown this once`, or for how long it is good. */
  readonly keyNote: string;
  /** A command as it is called here, with the options it needs. */
  readonly gatehouse: (command: string) => string;
  /** Lines to try; only in the demo house. */
  readonly tries: readonly { readonly what: string; readonly line: string }[];
}

/** More names than this are for `GET /v1/models`. */
const modelsShown = 12;

/** The text at the start: address, models, data, and a line that works when pasted. */
export function startText(started: Started, paint: Paint): string {
  const { version, house, source, addresses, models, dataFolder, key, keyNote, gatehouse, tries } = started;
  const origin = originOfListen(addresses[0] ?? '');
  const more = models.length > modelsShown ? `, and ${models.length - modelsShown} more` : '';
  const rows = [
    ['address', paint('bold', addresses.map((address) => `${originOfListen(address)}/v1`).join(', '))],
    ['models', `${models.slice(0, modelsShown).join(', ')}${more}`],
    ['data', dataFolder],
    [
      'key',
      key === null
        ? `yours is $GATEHOUSE_KEY; lost it? ${gatehouse('keys new')}`
        : `${paint('bold', key)}  (${keyNote}: export GATEHOUSE_KEY=${key})`,
    ],
  ];
  const title = `${paint('bold', 'gatehouse')} ${version} serves ${paint('bold', house)} (${source})\n`;
  const offered =
    tries.length > 0
      ? tries.map(({ what, line }) => `${paint('dim', `# ${what}`)}\n${line}\n`).join('')
      : `${curlLine({ origin, model: `${house}/auto`, key: key ?? '$GATEHOUSE_KEY' })}\n`;
  return `${title}${textTable(rows, { indent: '  ' })}\nTry:\n${offered}\n`;
}
