import { errorCatalog } from '#core/errors/catalog.ts';
import { upstreamOf } from '#core/fleet/health.ts';
import type { Intent, Terminal } from '#core/record/record.ts';
import { reasonLine } from '#core/routing/explain.ts';
import type { AttemptResult } from '#core/routing/outcome.ts';
import type { Reading } from '#core/routing/reading.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import { formatDuration } from '#core/units/format-duration.ts';
import type { Happening, Told } from './ports.ts';

export interface LineOptions {
  readonly colour: boolean;
}

const textMax = 160;
const nameMax = 60;

type Colour = 'dim' | 'green' | 'yellow' | 'red';
const codes: Readonly<Record<Colour, number>> = { dim: 2, green: 32, yellow: 33, red: 31 };

const readingWords: Record<Reading['why'], string> = {
  up: 'up',
  degraded: 'slow',
  unprobed: 'unknown',
  canary: 'on trial',
  no_slot: 'busy',
  answered_busy: 'busy',
  loading: 'loading',
  canary_out: 'on trial',
  ejected: 'down',
  ejected_bad: 'out',
  quarantined: 'quarantined',
  drained: 'drained',
  not_served: 'lacks the model',
  absent: 'lacks the model',
  remote: 'elsewhere',
  window: 'too small',
};

const resultWords: Record<AttemptResult, string> = {
  answered: '',
  cancelled: '',
  broken: 'broke off',
  rejected: 'rejected it',
  busy: 'busy',
  loading: 'loading',
  absent: 'lacks the model',
  unreachable: 'down',
  flaky: 'failed',
  failed: 'failed',
  too_long: 'too small',
  crashed: 'crashed',
};

/** What happened, as one line for a terminal, in local time: requests, refusals, machines that come and go, drains, policies. */
export function tellLine({ happening, at }: Told, options: LineOptions): string {
  const time = paint(clockText(at), 'dim', options);
  return `${time} ${happening.type === 'request' ? requestText(happening, options) : otherText(happening, options)}`;
}

/** `homelab/code → ubuntu-6000 busy → win-5090  words:coding  200  1.2 s  812+96 tok`, then the message if it did not end well. */
function requestText({ intent, terminal }: Extract<Happening, { type: 'request' }>, options: LineOptions): string {
  const steps = [...trailOf(terminal), ...endOf(terminal)];
  const status = `${terminal.status}${terminal.code === null ? '' : ` ${terminal.code}`}`;
  const good = terminal.result === 'ok';
  const columns = [
    [safe(labelOf(intent), nameMax), ...steps].join(' → '),
    intent?.decision ? paint(reasonLine(intent.decision), 'dim', options) : '',
    paint(status, good ? 'green' : statusColour(terminal.status), options),
    formatDuration(terminal.durationMs),
    tokensText(terminal),
    good || terminal.result === 'refused' ? '' : paint(terminal.result, 'yellow', options),
    good || terminal.message === null ? '' : safe(terminal.message, textMax),
  ];
  return columns.filter((column) => column !== '').join('  ');
}

/** Whatever the caller asked for stands in for a plan that could not be made. */
function labelOf(intent: Intent | null): string {
  const label = intent?.decision?.plan?.label ?? intent?.facts?.model ?? '';
  return label === '' ? '-' : label;
}

/** Who was passed over and who failed, in order; the same thing is said once. */
function trailOf(terminal: Terminal): readonly string[] {
  const steps = terminal.walks.flat().flatMap(passedOver);
  return steps.filter((step, index) => step !== steps[index - 1]);
}

function passedOver(event: WalkEvent): readonly string[] {
  switch (event.type) {
    case 'observed':
      // Members of a group are read together; one that is busy beside a free one was not passed over for it.
      if (event.readings.some((reading) => reading.state === 'free')) return [];
      return event.readings.map((reading) => `${upstreamOf(reading.target)} ${readingWords[reading.why]}`);
    case 'outcome': {
      const word = resultWords[event.outcome.result];
      return word === '' ? [] : [`${upstreamOf(event.outcome.target)} ${word}`];
    }
    case 'waited':
      return event.ms < 1 ? [] : [`waited ${formatDuration(event.ms)}`];
  }
}

/** Who answered, if anybody did. What broke off is in the trail. */
function endOf(terminal: Terminal): readonly string[] {
  if (terminal.servedBy !== null) return terminal.result === 'ok' ? [upstreamOf(terminal.servedBy)] : [];
  if (terminal.verdict === 'synthetic') return ['the profile’s reply'];
  return terminal.result === 'refused' ? ['nobody'] : [];
}

function tokensText(terminal: Terminal): string {
  const { usage } = terminal;
  if (usage === null || (usage.input === null && usage.output === null)) return '';
  return `${terminal.usageEstimated ? '~' : ''}${usage.input ?? '?'}+${usage.output ?? '?'} tok`;
}

function otherText(happening: Exclude<Happening, { type: 'request' }>, options: LineOptions): string {
  switch (happening.type) {
    case 'refused':
      return `refused  ${paint(`${errorCatalog[happening.code].status} ${happening.code}`, 'yellow', options)}`;
    case 'upstream': {
      const colour = happening.state === 'up' || happening.state === 'good' ? 'green' : 'yellow';
      const cause = happening.cause === null ? '' : `: ${safe(happening.cause, textMax)}`;
      return `${safe(happening.upstream, nameMax)} is ${paint(happening.state, colour, options)}${cause}`;
    }
    case 'alarm':
      return `${paint('alarm', 'red', options)}  ${safe(happening.upstream, nameMax)}: ${safe(happening.message, textMax)}`;
    case 'record':
      return `${paint('record', 'yellow', options)}  ${safe(happening.message, textMax)}`;
    case 'traces':
      return `traces  ${safe(happening.message, textMax)}`;
    case 'recovery':
      return `recovery of ${safe(happening.upstream, nameMax)} by the ${happening.by}: ${recoveryText(happening, options)}`;
    case 'drain':
      return `${happening.subject} ${safe(happening.name, nameMax)} is ${happening.drained ? paint('drained', 'yellow', options) : 'no longer drained'}`;
    case 'policy':
      return happening.outcome === 'loaded'
        ? `policy ${happening.hash.slice(0, 12)} is in force`
        : `${paint('policy refused', 'red', options)}, ${happening.hash.slice(0, 12)} stays in force`;
  }
}

function recoveryText({ outcome, exitCode }: Extract<Happening, { type: 'recovery' }>, options: LineOptions): string {
  switch (outcome) {
    case 'started':
      return 'its command runs';
    case 'done':
      return paint('the command ended well', 'green', options);
    case 'failed':
      return paint(exitCode === null ? 'the command was killed' : `the command ended with ${exitCode}`, 'red', options);
    case 'timed_out':
      return paint('the command took too long and was killed', 'red', options);
    case 'not_started':
      return paint('the command cannot be run', 'red', options);
  }
}

function statusColour(status: number): Colour {
  return status >= 500 ? 'red' : 'yellow';
}

function paint(text: string, colour: Colour, options: LineOptions): string {
  return options.colour ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text;
}

/** Callers and machines choose some of these texts: nothing in them may move the cursor, turn the writing round or start a line. */
function safe(text: string, charsMax: number): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, '?');
  return plain.length <= charsMax ? plain : `${plain.slice(0, charsMax - 1).toWellFormed()}…`;
}

function clockText(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
