import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseSize } from '#core/units/parse-size.ts';

/** The scenario files beside this one: given a policy and a fleet, what becomes of a request. Unknown keys are errors, so that no expectation is lost to a slip. */

const names = z.array(z.string());
const size = z.union([z.number(), z.string()]).transform((said, context) => {
  const parsed = parseSize(said);
  if ('value' in parsed) return parsed.value;
  context.addIssue(parsed.problem);
  return z.NEVER;
});

const fleetShape = {
  /** All slots in use: an upstream, or `upstream/model` for a model with slots of its own. */
  busy: names,
  down: names,
  loading: names,
  /** Drained upstreams. */
  drained: names,
  drainedRoutes: names,
  /** Upstreams or targets whose attempts end in an error. */
  failing: names,
  /** The upstream that comes free a second into a wait. */
  freed: z.string(),
  inFlight: z.record(z.string(), z.number()),
};

const requestShape = {
  text: z.string(),
  messages: z.array(z.record(z.enum(['system', 'user', 'assistant']), z.string().optional())),
  image: z.boolean(),
  tools: z.boolean(),
  /** Size of the prompt; 10 if unsaid. */
  tokens: size,
  /** Output asked for. */
  output: size,
  model: z.string(),
  header: z.string(),
  hint: z.string(),
  profile: z.string(),
  tier: z.enum(['sovereign', 'local-first', 'cloud-explicit', 'coordination']),
};

const expectShape = {
  bucket: z.string().nullable(),
  /** The words that scored for the bucket. */
  words: names,
  reason: z.string(),
  route: z.string().nullable(),
  promotedTo: z.string().nullable(),
  /** Who was met on the way and did not answer, and waits. */
  tried: names,
  /** An upstream, or `upstream/model`. */
  served: z.string(),
  refusal: z.strictObject({ status: z.number(), code: z.string() }),
  message: z.string(),
  retryAfter: z.string(),
  /** The profile's own reply goes out. */
  reply: z.unknown(),
  /** How long the request may wait in line; null if it may not. */
  queued: z.string().nullable(),
};

const fleet = z.strictObject(fleetShape).partial();
const request = z.strictObject(requestShape).partial();
const expectation = z.strictObject(expectShape).partial();
const row = z.strictObject({ ...fleetShape, ...requestShape, ...expectShape }).partial();

const caseSchema = z.strictObject({
  name: z.string(),
  fleet: fleet.default({}),
  request: request.default({}),
  expect: expectation.default({}),
  /** The same for each of several values. */
  each: z
    .strictObject({ text: names, tokens: z.array(size) })
    .partial()
    .optional(),
  /** The same with some keys of fleet, request and expect said in each row. */
  rows: z.array(row).optional(),
});

const chainSchema = z.strictObject({
  name: z.string(),
  request,
  machines: names,
  /** States of `machines` (free, busy, down, out for either of these, any) → which of them answers, counted from 1, the status of the refusal, `reply` or `queue`. */
  rows: z.record(z.string(), z.union([z.number(), z.enum(['reply', 'queue'])])),
});

const fileSchema = z.strictObject({ policy: z.string(), cases: z.array(caseSchema).default([]), chains: z.array(chainSchema).default([]) });

export type Fleet = z.output<typeof fleet>;
export type Request = z.output<typeof request>;
export type Expectation = z.output<typeof expectation>;
export type Chain = z.output<typeof chainSchema>;

export interface Scenario {
  readonly name: string;
  readonly fleet: Fleet;
  readonly request: Request;
  readonly expect: Expectation;
}

export interface ScenarioFile {
  /** Name of the policy file beside it. */
  readonly policy: string;
  readonly scenarios: readonly Scenario[];
  readonly chains: readonly Chain[];
}

/** Reads a scenario file; every value of `each` and every row is a scenario of its own. */
export function readScenarios(path: string): ScenarioFile {
  const file = fileSchema.parse(parse(readFileSync(path, 'utf8')));
  return { policy: file.policy, scenarios: file.cases.flatMap(expand), chains: file.chains };
}

function expand(written: z.output<typeof caseSchema>): readonly Scenario[] {
  const { each, rows, ...one } = written;
  if (each) {
    const texts = (each.text ?? []).map((text) => ({
      ...one,
      name: `${one.name}: ${text || 'nothing'}`,
      request: { ...one.request, text },
    }));
    const sizes = (each.tokens ?? []).map((tokens) => ({
      ...one,
      name: `${one.name}: ${tokens} tokens`,
      request: { ...one.request, tokens },
    }));
    return [...texts, ...sizes];
  }
  if (!rows) return [one];
  return rows.map((said) => ({
    name: `${one.name}: ${Object.values(said)
      .map((value) => JSON.stringify(value))
      .join(' ')}`,
    fleet: { ...one.fleet, ...pick(said, fleet) },
    request: { ...one.request, ...pick(said, request) },
    expect: { ...one.expect, ...pick(said, expectation) },
  }));
}

/** The keys of a row that belong to one part of a case. */
function pick<T extends z.ZodObject>(said: Readonly<Record<string, unknown>>, part: T): z.output<T> {
  return part.parse(Object.fromEntries(Object.entries(said).filter(([key]) => key in part.shape)));
}
