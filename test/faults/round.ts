import type { FaultCase } from '#upstreams/scripted/faults/fault.ts';
import type { Candidate } from './expected-end.ts';
import type { Asked } from './judge-answer.ts';

/** One request of a round: what it asks for, who may answer it in which order, and what it meets there. */
export interface FaultRequest extends Asked {
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

/** The policy of a round: a route for each request; machines are of the kind and have the clocks that their faults need. */
export function policyOf(round: Round, urls: ReadonlyMap<string, string>): string {
  const faults = new Map<string, FaultCase>();
  for (const { candidates } of round.requests) for (const { machine, fault } of candidates) if (fault) faults.set(machine, fault);
  const first = firstFault(round);
  const scarce = first?.client !== undefined && (first.ends.then === 'cut' || first.kind !== undefined);
  const upstreams = [...urls].map(([machine, url]) => {
    const fault = faults.get(machine);
    return `  ${machine}: { kind: ${fault?.kind ?? 'vllm'}, url: ${url}, slots: ${scarce ? 1 : 4}${clocksOf(fault)}, models: { m-${machine}: { context: 32k } } }`;
  });
  const routes = round.requests.map(({ candidates }, index) => {
    const [target = '', ...rest] = candidates.map(({ machine }) => machine);
    return `  r${index}: { target: ${target}${rest.length === 0 ? '' : `, failover: [${rest.join(', ')}]`} }`;
  });
  const wait = first?.ends.then === 'cut' ? ', wait: 30s' : '';
  return [
    'version: 1',
    'house: lab',
    'upstreams:',
    ...upstreams,
    'routes:',
    ...routes,
    'profiles:',
    `  family: { tier: sovereign${wait} }`,
    '',
  ].join('\n');
}

const clockNames = { connectMs: 'connect', firstTokenMs: 'first_token', idleMs: 'idle', replyMs: 'reply', totalMs: 'total' } as const;

function clocksOf(fault: FaultCase | undefined): string {
  const clocks = Object.entries(clockNames).flatMap(([key, name]) => {
    const ms = fault?.clocks?.[key as keyof typeof clockNames];
    return ms === undefined ? [] : [`${name}: ${ms}ms`];
  });
  return clocks.length === 0 ? '' : `, clocks: { ${clocks.join(', ')} }`;
}
