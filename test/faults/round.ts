import type { FaultCase } from '#upstreams/scripted/faults/fault.ts';
import type { Candidate } from './expected-end.ts';
import type { Asked } from './judge-answer.ts';

/** One request of a round: what it asks for, who may answer it in which order, and what it meets there. */
export interface FaultRequest extends Asked {
  /** The route that it asks for. */
  readonly route: string;
  readonly candidates: readonly Candidate[];
}

/** One try: requests to one house. */
export interface Round {
  /** `F32, in the middle, stream`. */
  readonly name: string;
  readonly seed: number;
  readonly requests: readonly FaultRequest[];
  /** Several requests run at once; else one after the other. */
  readonly atOnce: boolean;
}

/** The fault of the first candidate of the first request: what a round of one fault is about. */
export function firstFault(round: Round): FaultCase | null {
  return round.requests[0]?.candidates[0]?.fault ?? null;
}

/** Nothing else goes wrong in it. */
export function isOfOneFault(round: Round): boolean {
  return round.requests.flatMap(({ candidates }) => candidates).filter(({ fault }) => fault !== null).length === 1;
}

/** The round with machines and routes of its own, so that it shares a house with others and nothing else. */
export function placed(round: Round, place: number): Round {
  const of = (name: string): string => `${name}${place}`;
  return {
    ...round,
    requests: round.requests.map((request) => ({
      ...request,
      nonce: `${request.nonce}p${place}`,
      route: `${request.route}p${place}`,
      candidates: request.candidates.map(({ machine, fault }) => ({ machine: of(machine), fault })),
    })),
  };
}

/** The policy of a house for these rounds: a route for each request; machines are of the kind and have the clocks that their faults need. */
export function policyOf(rounds: readonly Round[], urls: ReadonlyMap<string, string>): string {
  const upstreams = rounds.flatMap((round) => upstreamsOf(round, urls));
  const routes = rounds
    .flatMap(({ requests }) => requests)
    .map(({ route, candidates }) => {
      const [target = '', ...rest] = candidates.map(({ machine }) => machine);
      return `  ${route}: { target: ${target}${rest.length === 0 ? '' : `, failover: [${rest.join(', ')}]`} }`;
    });
  const wait = rounds.some((round) => firstFault(round)?.ends.then === 'cut') ? ', wait: 30s' : '';
  return `version: 1
house: lab
upstreams:
${upstreams.join('\n')}
routes:
${routes.join('\n')}
profiles:
  family: { tier: sovereign${wait} }
`;
}

function upstreamsOf(round: Round, urls: ReadonlyMap<string, string>): readonly string[] {
  const met = new Map<string, FaultCase | null>();
  for (const { machine, fault } of round.requests.flatMap(({ candidates }) => candidates))
    met.set(machine, fault ?? met.get(machine) ?? null);
  const first = firstFault(round);
  const scarce = first?.client !== undefined && (first.ends.then === 'cut' || first.kind !== undefined);
  return [...met].map(
    ([machine, fault]) =>
      `  ${machine}: { kind: ${fault?.kind ?? 'vllm'}, url: ${urls.get(machine) ?? ''}, slots: ${scarce ? 1 : 4}${clocksOf(fault)}, models: { m-${machine}: { context: 32k } } }`,
  );
}

const clockNames = { connectMs: 'connect', firstTokenMs: 'first_token', idleMs: 'idle', replyMs: 'reply', totalMs: 'total' } as const;

function clocksOf(fault: FaultCase | null): string {
  const clocks = Object.entries(clockNames).flatMap(([key, name]) => {
    const ms = fault?.clocks?.[key as keyof typeof clockNames];
    return ms === undefined ? [] : [`${name}: ${ms}ms`];
  });
  return clocks.length === 0 ? '' : `, clocks: { ${clocks.join(', ')} }`;
}
