import { faultCatalog } from '#upstreams/scripted/faults/fault-catalog.ts';
import { faultDice } from '#upstreams/scripted/faults/fault.ts';
import type { Fault, FaultCase, Form } from '#upstreams/scripted/faults/fault.ts';
import { hashOf } from './fault-answer.ts';
import type { Candidate } from './expected-end.ts';
import type { Round } from './round.ts';

/** A case in one form: what a round is of. */
interface Play {
  readonly fault: Fault;
  readonly of: FaultCase;
  readonly form: Form;
}

const playsOf = (fault: Fault): readonly Play[] => fault.cases.flatMap((of) => of.forms.map((form) => ({ fault, of, form })));

const nameOf = ({ fault, of, form }: Play): string => `${fault.id} ${of.name} (${form})`;

/** The `count` rounds of a fault: its cases and forms in turn, beginning at one that the seed picks. */
export function roundsOf(fault: Fault, { count, seed }: { readonly count: number; readonly seed: number }): readonly Round[] {
  const plays = playsOf(fault);
  const from = faultDice(hashOf(`${fault.id} ${seed}`)).int(0, plays.length - 1);
  return Array.from({ length: count }, (_, turn) => {
    const play = plays[(from + turn) % plays.length];
    if (!play) throw new Error(`${fault.id} has no case`);
    return roundOf(play, hashOf(`${fault.id} ${seed} ${turn}`));
  });
}

/** One fault at the first machine; a second stands behind it, but in one round of four. */
function roundOf(play: Play, seed: number): Round {
  const { of, form } = play;
  const dice = faultDice(seed);
  const needsOther = of.door === 'flaps' || of.names !== undefined || of.kind !== undefined;
  const alone = !needsOther && (of.ends.then === 'cut' || dice.int(1, 4) === 1);
  const candidates: readonly Candidate[] = [{ machine: 'a', fault: of }, ...(alone ? [] : [{ machine: 'b', fault: null }])];
  return {
    name: `${nameOf(play)}${alone ? ', alone' : ''}`,
    seed,
    atOnce: false,
    requests: [{ nonce: nonceFrom(seed, 0), route: 'r', form, candidates }],
  };
}

/** Two faults: at the first candidate and at the one behind it, or in two requests to one house, at once or one after the other. */
export function pairRound(seed: number): Round {
  const dice = faultDice(seed);
  const form = dice.pick<Form>(['stream', 'whole']);
  const how = dice.pick(['behind', 'at once', 'in turn'] as const);
  const plain = faultCatalog.flatMap(playsOf).filter(({ of }) => of.door !== 'flaps' && of.names === undefined && of.ends.then !== 'cut');
  if (how === 'behind') {
    const served = plain.filter((play) => play.form === form && play.of.client === undefined);
    const first = dice.pick(served);
    // A connection that is used again is the first machine's.
    const second = dice.pick(served.filter(({ of }) => of.warm !== true));
    const third = dice.int(1, 3) > 1 ? [{ machine: 'c', fault: null }] : [];
    const candidates = [{ machine: 'a', fault: first.of }, { machine: 'b', fault: second.of }, ...third];
    return {
      name: `${nameOf(first)}, behind it ${nameOf(second)}`,
      seed,
      atOnce: false,
      requests: [{ nonce: nonceFrom(seed, 0), route: 'r', form, candidates }],
    };
  }
  // What needs a house for itself is played alone.
  const shared = plain.filter(({ of }) => !(of.client !== undefined && of.kind !== undefined));
  const [first, second] = [dice.pick(shared), dice.pick(shared)];
  const request = (play: Play, machine: string, index: number): Round['requests'][number] => ({
    nonce: nonceFrom(seed, index),
    route: index === 0 ? 'r' : 's',
    form: play.form,
    candidates: [
      { machine, fault: play.of },
      { machine: 'c', fault: null },
    ],
  });
  return {
    name: `${nameOf(first)}, ${how} ${nameOf(second)}`,
    seed,
    atOnce: how === 'at once',
    requests: [request(first, 'a', 0), request(second, 'b', 1)],
  };
}

function nonceFrom(seed: number, index: number): string {
  return `n${seed.toString(36)}x${index}`;
}
