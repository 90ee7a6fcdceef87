import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exhaustedError, mayQueue } from './exhaust.ts';
import { factsOf, readingOf } from '#core/policy/policy-fixture.ts';
import type { AttemptResult, Outcome } from './outcome.ts';
import type { Candidate, Place, Plan } from './plan.ts';
import type { Reading } from './reading.ts';
import { beginWalk, stepWalk } from './walk.ts';
import type { Walk, WalkAction, WalkEvent } from './walk.ts';

/** A plan in one line: `a b > c > d > e`, target, spill, failover, tail; `a:8` has a window of 8, `a!` does not fit. */
function planOf(line: string, more: Partial<Plan> = {}): Plan {
  const places: readonly Place[] = ['target', 'spill', 'failover', 'failover'];
  const [target = [], spill = [], failover = [], tail = []] = line.split('>').map((list, at) =>
    list
      .trim()
      .split(/\s+/)
      .filter((name) => name !== '' && name !== '-')
      .map((name): Candidate => {
        const [id = '', context] = name.replace(/[!*]/g, '').split(':');
        // In the tail, `e*` came from spill.
        const place = at === 3 && name.includes('*') ? 'spill' : (places[at] ?? 'target');
        return {
          target: `${id}/m`,
          place,
          lacks: name.includes('!') ? ['image'] : [],
          context: context === undefined ? null : Number(context),
        };
      }),
  );
  return {
    route: 'r',
    label: 'home/r',
    target,
    spill,
    failover,
    tail,
    removed: [],
    targetMoved: target.length === 0,
    waitMs: 0,
    exhausted: { type: 'error' },
    named: { route: false, upstream: null },
    session: 's',
    ...more,
  };
}

interface Script {
  /** What each candidate reads as, visit after visit; the last stays. Unsaid: `up`. */
  readonly read?: Readonly<Record<string, Reading['why'] | readonly Reading['why'][]>>;
  /** How each attempt at a candidate ends, one after the other; the last stays. Unsaid: `answered`. */
  readonly end?: Readonly<Record<string, AttemptResult | readonly AttemptResult[]>>;
  /** What waits bring: who changed, to what, after how long. Unsaid: the time passes. */
  readonly waits?: readonly (readonly [who: string, why: Reading['why'], ms: number])[];
  readonly retryAllowed?: boolean;
}

interface Walked {
  readonly trace: string;
  readonly walk: Walk;
  readonly events: readonly WalkEvent[];
}

function nth<T>(said: T | readonly T[] | undefined, at: number, unsaid: T): T {
  if (said === undefined) return unsaid;
  if (!Array.isArray(said)) return said as T;
  return (said as readonly T[])[Math.min(at, said.length - 1)] ?? unsaid;
}

/** Walks a plan by a script and says what happened: `a no_slot, b busy, wait a b 50, a answered`. */
function walked(plan: Plan, script: Script = {}, before: Walk | null = null): Walked {
  const visits = new Map<string, number>();
  const attempts = new Map<string, number>();
  const waits = [...(script.waits ?? [])];
  const count = (counts: Map<string, number>, name: string): number => {
    const before = counts.get(name) ?? 0;
    counts.set(name, before + 1);
    return before;
  };
  const said: string[] = [];
  const events: WalkEvent[] = [];
  let step = beginWalk(plan, before);
  for (let steps = 0; step.action.do !== 'end'; steps++) {
    assert.ok(steps < 200, `the walk does not end: ${said.join(', ')}`);
    const event = eventOf(step.action);
    events.push(event);
    step = stepWalk(plan, step.walk, event);
  }
  return { trace: said.join(', '), walk: step.walk, events };

  function eventOf(action: Exclude<WalkAction, { do: 'end' }>): WalkEvent {
    if (action.do === 'observe') {
      const readings = action.targets.map((target) => {
        const name = target.slice(0, -2);
        const why = nth(script.read?.[name], count(visits, name), 'up');
        const seen = action.lastResort && why === 'ejected_bad' ? 'canary' : why;
        if (seen !== 'up') said.push(`${name} ${seen}`);
        return readingOf(target, seen);
      });
      return { type: 'observed', readings };
    }
    if (action.do === 'wait') {
      const names = action.targets.map((target) => target.slice(0, -2));
      said.push(`wait ${names.join(' ')} ${action.maxMs}`);
      const next = waits.shift();
      return next
        ? { type: 'waited', ms: next[2], reading: readingOf(`${next[0]}/m`, next[1]) }
        : { type: 'waited', ms: action.maxMs, reading: null };
    }
    const name = action.target.slice(0, -2);
    const result = nth(script.end?.[name], count(attempts, name), 'answered');
    said.push(`${name} ${action.fresh ? 'retried ' : ''}${result}`);
    return { type: 'outcome', outcome: outcomeOf(action.target, result, script.retryAllowed ?? true) };
  }
}

function outcomeOf(target: string, result: AttemptResult, retryAllowed: boolean): Outcome {
  const code = result === 'flaky' || result === 'failed' || result === 'crashed' ? 'upstream_bad_gateway' : null;
  return { target, result, code, message: `${target.slice(0, -2)} ${result}`, retryAfterMs: null, retryAllowed };
}

const wait = { waitMs: 50 };

const walks: readonly [name: string, plan: string, script: Script, trace: string, more?: Partial<Plan>][] = [
  ['a free target answers', 'a > b > c', {}, 'a answered'],
  ['a busy target opens spill', 'a > b > c', { read: { a: 'no_slot' } }, 'a no_slot, b answered'],
  ['loading opens spill', 'a > b > c', { read: { a: 'loading' } }, 'a loading, b answered'],
  ['a target that is down does not', 'a > b > c', { read: { a: 'ejected' } }, 'a ejected, c answered'],
  ['nor a drained one', 'a > b > c', { read: { a: 'drained' } }, 'a drained, c answered'],
  ['nor a failed one', 'a > b > c', { end: { a: 'failed' } }, 'a failed, c answered'],
  ['an unfit target opens spill', 'a! > b > c', {}, 'b answered'],
  ['a target the tier took opens spill', '- > b > c', {}, 'b answered'],
  ['spill in order, the busy passed over', 'a > b c > d', { read: { a: 'no_slot', b: 'no_slot' } }, 'a no_slot, b no_slot, c answered'],
  [
    'then failover',
    'a > b > c d',
    { read: { a: 'no_slot', b: 'ejected', c: 'quarantined' } },
    'a no_slot, b ejected, c quarantined, d answered',
  ],
  [
    'a failed spill goes on to the next',
    'a > b c > d',
    { read: { a: 'no_slot' }, end: { b: 'failed' } },
    'a no_slot, b failed, c answered',
  ],
  ['a failed failover goes on to the next', 'a > - > b c', { end: { a: 'failed', b: 'failed' } }, 'a failed, b failed, c answered'],
  ['an unfit candidate is never read', 'a > b! > c! d', { read: { a: 'no_slot' } }, 'a no_slot, d answered'],
  ['an answer busy is as good as a reading', 'a > b > c', { end: { a: 'busy' } }, 'a busy, b answered'],
  ['so is an answer loading', 'a > b > c', { end: { a: 'loading' } }, 'a loading, b answered'],
  [
    'a busy target is waited for before failover',
    'a > - > c',
    { read: { a: 'no_slot' }, waits: [['a', 'up', 20]] },
    'a no_slot, wait a 50, a answered',
    wait,
  ],
  [
    'spill is waited for with it',
    'a > b > c',
    { read: { a: 'no_slot', b: 'no_slot' }, waits: [['b', 'up', 20]] },
    'a no_slot, b no_slot, wait a b 50, b answered',
    wait,
  ],
  ['the wait is over', 'a > b > c', { read: { a: 'no_slot', b: 'ejected' } }, 'a no_slot, b ejected, wait a 50, c answered', wait],
  ['nothing waits for a target that is down', 'a > b > c', { read: { a: 'ejected' } }, 'a ejected, c answered', wait],
  ['nor for a busy failover', 'a > - > c', { read: { a: 'ejected', c: 'no_slot' } }, 'a ejected, c no_slot', wait],
  [
    'a failed spill leaves the target to be waited for',
    'a > b > c',
    { read: { a: 'no_slot' }, end: { b: 'failed' } },
    'a no_slot, b failed, wait a 50, c answered',
    wait,
  ],
  [
    'who answered busy is dialled again if waited for',
    'a > - > c',
    { end: { a: ['busy', 'answered'] }, waits: [['a', 'up', 10]] },
    'a busy, wait a 50, a answered',
    wait,
  ],
  [
    'and again while time is left',
    'a > - > c',
    {
      end: { a: 'busy' },
      waits: [
        ['a', 'up', 20],
        ['a', 'up', 20],
      ],
    },
    'a busy, wait a 50, a busy, wait a 30, a busy, wait a 10, c answered',
    wait,
  ],
  [
    'a wait costs a millisecond at least',
    'a > - > c',
    {
      end: { a: 'busy' },
      waits: [
        ['a', 'up', 0],
        ['a', 'up', 0],
      ],
    },
    'a busy, wait a 3, a busy, wait a 2, a busy, wait a 1, c answered',
    { waitMs: 3 },
  ],
  [
    'who can no more is not waited for',
    'a > b > c',
    {
      read: { a: 'no_slot', b: 'no_slot' },
      waits: [
        ['a', 'ejected', 10],
        ['b', 'up', 10],
      ],
    },
    'a no_slot, b no_slot, wait a b 50, wait b 40, b answered',
    wait,
  ],
  [
    'nobody is left to wait for',
    'a > - > c',
    { read: { a: 'no_slot' }, waits: [['a', 'ejected', 10]] },
    'a no_slot, wait a 50, c answered',
    wait,
  ],
  [
    'one that is busy for another reason is waited for on',
    'a > - > c',
    { read: { a: 'no_slot' }, waits: [['a', 'loading', 10]] },
    'a no_slot, wait a 50, wait a 40, c answered',
    wait,
  ],
  [
    'a failure after the wait goes to failover',
    'a > b > c',
    { read: { a: 'no_slot', b: 'no_slot' }, end: { a: 'failed' }, waits: [['a', 'up', 10]] },
    'a no_slot, b no_slot, wait a b 50, a failed, c answered',
    wait,
  ],
  ['a flaky attempt is retried at once', 'a > b > c', { end: { a: ['flaky', 'answered'] } }, 'a flaky, a retried answered'],
  ['once', 'a > b > c', { end: { a: 'flaky' } }, 'a flaky, a retried flaky, c answered'],
  ['once per request', 'a > - > c d', { end: { a: 'flaky', c: 'flaky' } }, 'a flaky, a retried flaky, c flaky, d answered'],
  ['not where the budget is spent', 'a > - > c', { end: { a: 'flaky' }, retryAllowed: false }, 'a flaky, c answered'],
  ['a retry that is answered busy opens spill', 'a > b > c', { end: { a: ['flaky', 'busy'] } }, 'a flaky, a retried busy, b answered'],
  ['a crash is followed by failover', 'a > b > c', { end: { a: 'crashed' } }, 'a crashed, c answered'],
  ['a second crash by nobody', 'a > b > c d', { end: { a: 'crashed', c: 'crashed' } }, 'a crashed, c crashed'],
  ['who has not the model is passed over', 'a > b > c', { end: { a: 'absent' } }, 'a absent, c answered'],
  ['who cannot be reached is passed over', 'a > b > c', { end: { a: 'unreachable' } }, 'a unreachable, c answered'],
  ['what is refused is nobody else’s', 'a > b > c', { end: { a: 'rejected' } }, 'a rejected'],
  ['a caller that leaves ends it', 'a > b > c', { end: { a: 'cancelled' } }, 'a cancelled'],
  ['a released answer that breaks ends it', 'a > b > c', { end: { a: 'broken' } }, 'a broken'],
  ['too long: larger windows only', 'a:8 > - > b:4 c:8 d:9', { end: { a: 'too_long' } }, 'a too_long, d answered'],
  ['too long twice', 'a:8 > - > b:9 c:9 d:10', { end: { a: 'too_long', b: 'too_long' } }, 'a too_long, b too_long, d answered'],
  ['too long for a window nobody knows: only another such', 'a > - > b:9 c', { end: { a: 'too_long' } }, 'a too_long, c answered'],
  ['a window that is not known may be larger', 'a:8 > - > b', { end: { a: 'too_long' } }, 'a too_long, b answered'],
  [
    'the last ejected for bad answers is tried',
    'a > - > b c',
    { read: { a: 'ejected_bad', b: 'ejected_bad', c: 'ejected' } },
    'a ejected_bad, b ejected_bad, c ejected, b canary, b answered',
  ],
  [
    'after failures too',
    'a > - > b',
    { read: { a: 'ejected_bad' }, end: { b: 'failed' } },
    'a ejected_bad, b failed, a canary, a answered',
  ],
  ['once', 'a > - > -', { read: { a: 'ejected_bad' }, end: { a: 'failed' } }, 'a ejected_bad, a canary, a failed'],
  ['not while another request tries it', 'a > - > -', { read: { a: ['ejected_bad', 'canary_out'] } }, 'a ejected_bad, a canary_out'],
  ['not where it is too small', 'a:8 > - > b:9', { read: { a: 'ejected_bad' }, end: { b: 'too_long' } }, 'a ejected_bad, b too_long'],
  [
    'not after two crashes',
    'a > - > b c',
    { read: { a: 'ejected_bad' }, end: { b: 'crashed', c: 'crashed' } },
    'a ejected_bad, b crashed, c crashed',
  ],
  ['never who is quarantined or unreachable', 'a > - > b', { read: { a: 'quarantined', b: 'ejected' } }, 'a quarantined, b ejected'],
  ['no target twice', 'a > b a > b a c', { end: { a: 'failed', b: 'failed' } }, 'a failed, b failed, c answered'],
  [
    'a busy spill that stands in failover too is read again there',
    'a > b > b',
    { read: { a: 'no_slot', b: ['no_slot', 'up'] } },
    'a no_slot, b no_slot, b answered',
  ],
  [
    'but not dialled again if it answered busy',
    'a > b > b c',
    { read: { a: 'no_slot' }, end: { b: 'busy' } },
    'a no_slot, b busy, c answered',
  ],
  ['the tail comes last', 'a > - > b > c', { read: { a: 'ejected', b: 'no_slot' } }, 'a ejected, b no_slot, c answered'],
  [
    'a spill in the tail is asked where the target was busy',
    'a > - > b > c* d',
    { read: { a: 'no_slot', b: 'ejected' } },
    'a no_slot, b ejected, c answered',
  ],
  ['not where it was down', 'a > - > b > c* d', { read: { a: 'ejected', b: 'ejected' } }, 'a ejected, b ejected, d answered'],
  ['but where the tier moved the target', '- > - > b > c* d', { read: { b: 'ejected' } }, 'b ejected, c answered'],
  ['a member that fails is followed by the next', 'a b > - > c', { end: { a: 'failed', b: 'failed' } }, 'A failed, B failed, c answered'],
  ['a busy member by a free one', 'a b > c > d', { read: { a: 'no_slot' } }, 'a no_slot, b answered'],
  [
    'a group with one busy and one down is not now',
    'a b > c > d',
    { read: { a: 'no_slot', b: 'ejected' } },
    'a no_slot, b ejected, c answered',
  ],
  ['a group that is down is not', 'a b > c > d', { read: { a: 'ejected', b: 'drained' } }, 'a ejected, b drained, d answered'],
  [
    'a group with one failed and one busy is not now',
    'a b > c > d',
    { read: { a: 'no_slot' }, end: { b: 'failed' } },
    'a no_slot, b failed, a no_slot, c answered',
  ],
  ['a group that answers busy is not now', 'a b > c > d', { end: { a: 'busy', b: 'busy' } }, 'A busy, B busy, c answered'],
  ['members that do not fit do not count', 'a! b > c > d', { read: { b: 'ejected' } }, 'b ejected, d answered'],
  [
    'a member is waited for',
    'a b > - > d',
    { read: { a: 'no_slot', b: 'no_slot' }, waits: [['b', 'up', 10]] },
    'a no_slot, b no_slot, wait a b 50, b answered',
    wait,
  ],
  ['a live window too small is passed over', 'a > b > c', { read: { a: 'window' } }, 'a window, c answered'],
];

for (const [name, line, script, expected, more] of walks) {
  test(`${name}: ${line}`, () => {
    const { trace } = walked(planOf(line, more), script);
    // Which of two free members comes first is the session's business: A and B are then either.
    const members = trace.startsWith('b ') ? { A: 'b', B: 'a' } : { A: 'a', B: 'b' };
    assert.equal(
      trace,
      expected.replace(/[AB]/g, (letter) => (letter === 'A' ? members.A : members.B)),
    );
  });
}

test('targets judged bad stay out when the request is walked again, others do not', () => {
  const plan = planOf('a > - > b c d');
  const first = walked(plan, { read: { a: 'ejected', d: 'no_slot' }, end: { b: 'failed', c: 'unreachable' } });
  assert.deepEqual(first.walk.bad, ['b/m']);
  assert.equal(mayQueue(plan, first.walk), true);
  assert.equal(walked(plan, { read: { a: 'ejected' } }, first.walk).trace, 'a ejected, c answered');
});

const again: readonly [name: string, plan: string, script: Script, later: Script, trace: string][] = [
  ['the one quick retry', 'a > - > b', { end: { a: 'flaky' }, read: { b: 'no_slot' } }, { end: { b: 'flaky' } }, 'b flaky'],
  ['a crash', 'a > - > b c', { end: { a: 'crashed' }, read: { b: 'no_slot', c: 'no_slot' } }, { end: { b: 'crashed' } }, 'b crashed'],
  ['a prompt that is too long', 'a:8 > - > b:4 c:9', { end: { a: 'too_long' }, read: { c: 'no_slot' } }, {}, 'c answered'],
];

for (const [name, line, script, later, trace] of again) {
  test(`a walk from the queue remembers ${name}`, () => {
    const plan = planOf(line);
    assert.equal(walked(plan, later, walked(plan, script).walk).trace, trace);
  });
}

const queues: readonly [name: string, plan: string, script: Script, may: boolean][] = [
  ['somebody was busy', 'a > b! > c', { read: { a: 'no_slot' }, end: { c: 'failed' } }, true],
  ['somebody is down', 'a > - > -', { read: { a: 'ejected' } }, true],
  ['all who fit were judged bad', 'a > b! > c', { end: { a: 'failed', c: 'failed' } }, false],
  ['it took two machines down', 'a > - > b c', { end: { a: 'crashed', b: 'crashed' } }, false],
  ['it is too long for all who are left', 'a:8 > - > b:4', { end: { a: 'too_long' } }, false],
  ['it is too long, and a larger one is down', 'a:8 > - > b:9', { end: { a: 'too_long' }, read: { b: 'ejected' } }, true],
  ['it was answered', 'a > - > b', {}, false],
  ['it was refused', 'a > - > b', { end: { a: 'rejected' } }, false],
];

for (const [name, line, script, may] of queues) {
  test(`${may ? 'may' : 'may not'} queue: ${name}`, () => {
    const plan = planOf(line);
    assert.equal(mayQueue(plan, walked(plan, script).walk), may);
  });
}

test('a walk is plain data and never changed in place', () => {
  const plan = planOf('a b > c > d', wait);
  let step = beginWalk(plan);
  const events: WalkEvent[] = [
    { type: 'observed', readings: [readingOf('a/m', 'no_slot'), readingOf('b/m')] },
    { type: 'outcome', outcome: outcomeOf('b/m', 'busy', true) },
    { type: 'observed', readings: [readingOf('a/m', 'no_slot')] },
    { type: 'observed', readings: [readingOf('c/m')] },
    { type: 'outcome', outcome: outcomeOf('c/m', 'failed', true) },
    { type: 'waited', ms: 3, reading: readingOf('b/m') },
  ];
  for (const event of events) {
    const before = JSON.stringify(step.walk);
    const next = stepWalk(plan, step.walk, event);
    assert.equal(JSON.stringify(step.walk), before);
    assert.deepEqual(JSON.parse(JSON.stringify(next)), next);
    step = next;
  }
  assert.deepEqual(step.action, { do: 'dial', target: 'b/m', fresh: false });
});

const errors: readonly [name: string, plan: string, script: Script, code: string, message: RegExp][] = [
  [
    'something was busy',
    'a > b > c',
    { read: { a: 'no_slot', b: 'ejected', c: 'ejected' } },
    'saturated',
    /^home\/r is busy: a has no free slot \(0 of 4 in use\); b is down; c is down\.$/,
  ],
  [
    'busy comes before loading',
    'a > b',
    { read: { a: 'loading', b: 'no_slot' } },
    'saturated',
    /a is loading the model; b has no free slot/,
  ],
  ['an answer busy counts', 'a > - > b', { read: { b: 'ejected' }, end: { a: 'busy' } }, 'saturated', /a busy; b is down/],
  [
    'busy comes before a bad reply',
    'a > - > b',
    { read: { b: 'no_slot' }, end: { a: 'failed' } },
    'saturated',
    /a failed; b has no free slot/,
  ],
  [
    'another request’s canary is busy',
    'a',
    { read: { a: ['ejected_bad', 'canary_out'] } },
    'saturated',
    /a is being tried by another request after bad answers/,
  ],
  [
    'loading comes before a bad reply',
    'a > - > b',
    { read: { b: 'loading' }, end: { a: 'failed' } },
    'model_loading',
    /^home\/r is loading: /,
  ],
  [
    'a bad reply comes before nobody',
    'a > - > b',
    { read: { b: 'ejected' }, end: { a: 'failed' } },
    'upstream_bad_gateway',
    /^home\/r got no good answer: a failed; b is down\.$/,
  ],
  [
    'nobody is there',
    'a > - > b',
    { read: { a: 'ejected', b: 'drained' } },
    'no_route',
    /^home\/r has no machine: a is down; b is drained\.$/,
  ],
  [
    'who could not be reached is nobody',
    'a > - > b',
    { read: { b: 'ejected' }, end: { a: 'unreachable' } },
    'no_route',
    /a unreachable; b is down/,
  ],
  ['two crashes are the body’s', 'a > - > b', { end: { a: 'crashed', b: 'crashed' } }, 'upstream_crashed', /two crashes/],
  ['too long for everybody left', 'a:8 > - > b:4', { end: { a: 'too_long' } }, 'context_length_exceeded', /tokens long/],
  [
    'too long, and a larger one is down',
    'a:8 > - > b:9',
    { end: { a: 'too_long' }, read: { b: 'ejected' } },
    'no_route',
    /a too_long; b is down/,
  ],
  [
    'the same the other way round',
    'b:9 > - > a:8',
    { end: { a: 'too_long' }, read: { b: 'ejected' } },
    'no_route',
    /b is down; a too_long/,
  ],
  [
    'too long, and a smaller one is busy',
    'b:4 > - > a:8',
    { end: { a: 'too_long' }, read: { b: 'no_slot' } },
    'context_length_exceeded',
    /tokens long/,
  ],
  ['live windows too small', 'a > - > b', { read: { a: 'window', b: 'window' } }, 'context_length_exceeded', /tokens long/],
  [
    'one live window too small, another down',
    'a > - > b',
    { read: { a: 'window', b: 'ejected' } },
    'no_route',
    /a has too small a window now; b is down/,
  ],
  ['the other way round', 'a > - > b', { read: { a: 'ejected', b: 'window' } }, 'no_route', /a is down; b has too small a window now/],
  [
    'at most four machines are named',
    'a > - > b c d e f',
    { read: { a: 'ejected', b: 'ejected', c: 'ejected', d: 'ejected', e: 'ejected', f: 'ejected' } },
    'no_route',
    /d is down; 2 more\.$/,
  ],
  [
    'what was seen last counts',
    'a > - > b',
    { end: { a: 'failed' }, read: { a: ['ejected_bad', 'up'], b: 'ejected' } },
    'upstream_bad_gateway',
    /a failed; b is down/,
  ],
];

for (const [name, line, script, code, message] of errors) {
  test(`exhausted, ${name}: ${line}`, () => {
    const plan = planOf(line);
    const { walk, events } = walked(plan, script);
    const error = exhaustedError(plan, walk, { facts: factsOf(), events });
    assert.equal(error.code, code);
    assert.match(error.message, message);
  });
}

function exhaustedWith(plan: Plan, readings: readonly Reading[]): ReturnType<typeof exhaustedError> {
  const events = readings.map((reading): WalkEvent => ({ type: 'observed', readings: [reading] }));
  const end = events.reduce((step, event) => stepWalk(plan, step.walk, event), beginWalk(plan));
  assert.equal(end.action.do, 'end');
  return exhaustedError(plan, end.walk, { facts: factsOf(), events });
}

test('the smallest known Retry-After is carried, else one second', () => {
  const plan = planOf('a > b > c');
  const busy = [
    readingOf('a/m', 'answered_busy', { retryAfterMs: 9_000 }),
    readingOf('b/m', 'loading', { retryAfterMs: 4_000 }),
    readingOf('c/m', 'no_slot'),
  ];
  assert.equal(exhaustedWith(plan, busy).retryAfterMs, 4_000);
  assert.equal(
    exhaustedWith(
      plan,
      busy.map((reading) => ({ ...reading, retryAfterMs: null })),
    ).retryAfterMs,
    1_000,
  );
  assert.equal(
    exhaustedWith(
      plan,
      ['a/m', 'c/m'].map((id) => readingOf(id, 'ejected')),
    ).retryAfterMs,
    null,
  );
});

test('the message says who, why, since when and what comes next, and that nothing stands behind', () => {
  const down = readingOf('spark/m', 'ejected', { cause: 'connection refused', sinceMs: 12_000, nextTryMs: 18_000 });
  assert.equal(
    exhaustedWith(planOf('spark'), [down]).message,
    'home/r has no machine: spark is down (connection refused, 12 s ago; next try in 18 s). This route never falls back.',
  );
});

test('a profile without fallback is named instead of the route, a pin neither', () => {
  const down = [readingOf('a/m', 'ejected')];
  const strict: Partial<Plan> = { removed: [{ target: 'b/m', place: 'failover', why: 'fallback_never' }] };
  assert.match(exhaustedWith(planOf('a', strict), down).message, /a is down\. This profile never falls back\.$/);
  assert.match(exhaustedWith(planOf('a', { route: null }), down).message, /a is down\.$/);
  const kept: Partial<Plan> = { removed: [{ target: 'b/m', place: 'failover', why: 'tier' }] };
  assert.match(exhaustedWith(planOf('a', kept), down).message, /a is down\.$/);
});

test('what a wait brought is in the message', () => {
  const plan = planOf('a > b', wait);
  const { walk, events } = walked(plan, { read: { a: 'no_slot', b: 'ejected' }, waits: [['a', 'quarantined', 10]] });
  assert.match(exhaustedError(plan, walk, { facts: factsOf(), events }).message, /a is quarantined; b is down/);
});
