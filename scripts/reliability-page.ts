import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import type { Fault, FaultCase, FaultEnd } from '#upstreams/scripted/faults/fault.ts';
import type { ReliabilityResults } from '#test/faults/reliability-results.ts';

/** Stands where a page must have a sentence of its own for one fault, because what is true of it is not seen from the catalogue. */
const notes: Readonly<Record<string, string>> = {
  F05: 'The machine is not taken out for it: nothing is asked that would make it generate.',
  F10: 'The target counts as absent for 60 s.',
  F11: 'A second crash under one request ends its walk, and its body is refused for 10 minutes. Nothing is quarantined yet; the recovery command runs for a machine that cannot be reached.',
  F46: 'Bytes go out as they came; what is no UTF-8 is U+FFFD to a client that decodes.',
  F49: 'There is no least rate: the clocks bound it.',
  F53: '`total` bounds it; a whole body also 64 MB.',
  F55: 'Without others who wait, a caller who takes nothing for 60 s is cut.',
  F57: 'The slot comes back when the server says that it is idle, else after the median answer time, 10 s without history, 120 s at most.',
  F59: 'It comes back after two good probes, 30 s later at the earliest; that is played in virtual time only (`test/sim/`).',
  F63: 'A name is looked up when the policy is loaded and while the machine is out, never on a request. The operator gets an alarm.',
};

/** `docs/reliability.md`, from the catalogue and the results of the last written run. */
export function reliabilityPage(results: ReliabilityResults): string {
  return `${opening(results)}\n${faultCatalog.map((fault) => section(fault, results)).join('\n')}\n${ending}`;
}

function opening({ commit, seed, faults, pairs }: ReliabilityResults): string {
  const rounds = Object.values(faults).reduce((sum, tally) => sum + tally.rounds, 0);
  const passed = Object.values(faults).reduce((sum, tally) => sum + tally.passed, 0);
  const cases = faultCatalog.reduce((sum, fault) => sum + fault.cases.length, 0);
  return `# Reliability

What model servers, the way to them and clients are known to do wrong, and what comes of it here. Each of the ${faultCatalog.length} faults below (${cases} cases) is played over real sockets by a
server that can lie about every byte, against the house as it is served. This page is written by \`npm run faults -- --write\`, from the catalogue in \`src/upstreams/scripted/faults/\` and
the run whose results are shown.

| run | |
|---|---|
| commit | \`${commit}\` |
| seed | ${seed} |
| rounds of one fault | ${passed} of ${rounds} as they must |
| random pairs of faults | ${pairs.passed} of ${pairs.rounds} as they must |

## When a round has passed

A caller got the right end: the whole answer of one machine, or its beginning and an error in band, or an error with its code. And nothing was lost:

- every request that the record began has its one end in the record, with the result, the code and the attempts that must be there, and it is written before the answer is whole;
- no answer that was cut looks whole: without a finish reason nothing has a terminator;
- no word twice, and never words of two machines in one answer: every word of every machine names its request, its machine and its place;
- no word of another caller, and none that a machine said to the gatehouse alone;
- no slot, socket, timer or waiting request is left. A slot that a machine still works in is not left: it is counted until the machine has stopped.

A pair is one fault at the first machine and another at the one behind it, or in two requests to one house, at once or in turn.

## A server that lies

To see what your own client does, let it talk to such a server:

\`\`\`sh
gatehouse fake-upstream --list                     # the faults and their cases
gatehouse fake-upstream --fault F32                # prints its address; every stream ends without an end
gatehouse fake-upstream --fault F32 --case 2 --port 9032
curl -N http://127.0.0.1:9032/v1/chat/completions -d '{"model":"fault:F50","stream":true,"messages":[{"role":"user","content":"hi"}]}'
\`\`\`

It listens on loopback only. A request chooses its fault by its model (\`fault:F32\`, \`fault:F32?seed=7&case=2\`); the model \`healthy\` is answered well. For each request it prints what came, what
went out, and when its caller left. Where a case breaks off in the middle of an answer it first gives its caller 0.2 s to take what was said. To try a house, give it such an upstream with
\`kind: openai\`, \`location: house\` and the names of faults as its models.

## The faults

Before anything of the answer is released a failure is invisible: the next machine of the route is asked. After it nothing is tried again ([streams](streaming.md)). *Alone* is what a caller is told
where no other machine may answer; what each code means is in [errors](errors.md).
`;
}

function section(fault: Fault, { faults }: ReliabilityResults): string {
  const tally = faults[fault.id];
  const played = tally === undefined ? 'not played' : `${tally.passed} of ${tally.rounds} rounds`;
  const note = notes[fault.id];
  const rows = fault.cases.map((each) => `| ${each.name} | ${formsOf(each)} | ${callerSees(each)} | ${recordSays(each)} |`);
  return [
    `### ${fault.id} ${fault.title}`,
    '',
    `${fault.looks} **${played}.**${note === undefined ? '' : ` ${note}`}`,
    '',
    '| case | asked for | a caller sees | the record says |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function formsOf({ forms, clocks }: FaultCase): string {
  const small = Object.keys(clocks ?? {}).map((key) => clockNames[key] ?? key);
  const form = forms.length === 2 ? 'stream, whole' : forms[0] === 'stream' ? 'stream' : 'whole';
  return small.length === 0 ? form : `${form}; small clocks: ${small.map((name) => `\`${name}\``).join(', ')}`;
}

const clockNames: Readonly<Record<string, string>> = {
  connectMs: 'connect',
  firstTokenMs: 'first_token',
  idleMs: 'idle',
  replyMs: 'reply',
  totalMs: 'total',
};

function callerSees({ ends }: FaultCase): string {
  switch (ends.then) {
    case 'answered':
      return 'the whole answer';
    case 'next':
      return `another machine’s answer; alone \`${ends.alone}\``;
    case 'broken':
      return `the beginning, then an error event \`${ends.code}\` and no terminator`;
    case 'left':
      return 'nothing more: it has left';
    case 'cut':
      return 'a reset';
  }
}

function recordSays(of: FaultCase): string {
  if (of.ends.then === 'answered' && of.once === true) return '`flaky`, then `answered` on a new connection';
  if (of.ends.then === 'next' && of.ends.result === 'flaky') return '`flaky` twice, then the next machine';
  return attemptOf(of.ends) + (of.shuns === true ? '; the next request does not reach it' : '');
}

function attemptOf(ends: FaultEnd): string {
  switch (ends.then) {
    case 'answered':
      return '`answered`';
    case 'next':
      return `\`${ends.result}\`, then the next machine`;
    case 'broken':
      return `\`broken\`; the call \`failed\`, \`${ends.code}\``;
    case 'left':
      return 'the call `cancelled`';
    case 'cut':
      return 'the call `failed`, `caller_too_slow`';
  }
}

const ending = `## What this does not show

Faults of models rather than of wires (tool calls as text, an answer in another model’s words) are not in this catalogue. Clocks of seconds and minutes are played with small ones in the policy; that the
rules hold with the long ones, over thousands of random houses, is what the simulator shows in virtual time ([testing](testing.md#the-simulator)). A black hole is a full queue on loopback.

\`\`\`sh
npm run faults -- --rounds 50                      # every fault 50 times
npm run faults -- --fault F32 --rounds 200 --seed 7
npm run faults -- --pairs 2000 --rounds 0
npm run faults -- --rounds 50 --pairs 2000 --write # and writes this page
\`\`\`
`;
