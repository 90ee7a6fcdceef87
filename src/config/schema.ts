import { z } from 'zod';
import { captureSchema, recordSchema } from './record-schema.ts';
import { duration, listOf, money, nameText, oneOrMore, yesOrNo } from './schema-leaves.ts';
import { budgetText, keySchema, priceSchema, upstreamSchema } from './upstream-schema.ts';

/** Shapes of the policy file. What names mean to each other is checked when the policy is compiled. */

const entryWords = 'upstream/model, an upstream that serves one model, or a route (meaning its target)';

const routePlanSchema = z
  .strictObject({
    target: oneOrMore(`Who answers: ${entryWords}. A list is a group of interchangeable ones.`),
    spill: oneOrMore(`Who helps when the target is busy, in this order: ${entryWords}.`).optional(),
    failover: oneOrMore(
      `Who stands behind it whatever happened, in this order: ${entryWords}. Without it the route never falls back.`,
    ).optional(),
    cache: duration('How long an answer may be given again. Not yet in force.', 1).optional(),
    require: listOf(
      z.enum(['tools', 'context']),
      'Proof a candidate must have. Not built yet, so a policy with it does not load.',
    ).optional(),
  })
  .meta({ description: 'A named way to targets.' });

export const routeSchema = z
  .union([z.string(), routePlanSchema], { error: 'expected { target: … }, or the name of the route this is a second name of' })
  .meta({ description: 'A named way to targets, or the name of the route this is a second name of.' });

export const bucketSchema = z
  .strictObject({
    route: z.string().meta({ description: 'The route that takes these requests.' }),
    words: listOf(
      z.string(),
      'Words and phrases; each distinct one that occurs scores 1. The bucket without words or image takes the rest.',
    )
      .min(1, { error: 'the list is empty; leave the key out instead' })
      .optional(),
    image: yesOrNo('A request with an image comes here, whatever its words say.').optional(),
    above: z
      .record(z.string(), z.string())
      .meta({ description: 'Sizes in tokens and the route that takes a prompt larger than that: { 8k: code, 24k: reasoning }.' })
      .optional(),
  })
  .meta({ description: 'A kind of request.' });

const exhaustedSchema = z
  .union(
    [
      z.literal('error'),
      z.strictObject({
        queue: duration('Wait in line at most this long, then the error.', 1).optional(),
        reply: z.unknown().meta({ description: 'This JSON is the message; its verdict is synthetic.' }).optional(),
      }),
    ],
    { error: 'expected error, { queue: 30m } or { reply: { … } }' },
  )
  .meta({ description: 'What happens when nobody could answer: error (default), { queue: 30m } or { reply: { … } }.' });

const tierSchema = z.enum(['sovereign', 'local-first', 'cloud-explicit', 'coordination']).meta({
  description:
    'How far data may travel. sovereign: never to a cloud (default). local-first: a cloud stands behind every house candidate. cloud-explicit: as the lists say. coordination: until it is built, sovereign.',
});

export const profileSchema = z
  .strictObject({
    tier: tierSchema.optional(),
    routes: oneOrMore('The routes it may use. Default: all.').optional(),
    wait: duration('A busy target is waited for this long before failover. Default: 0s.', 0).optional(),
    fallback: z.literal('never').meta({ description: 'never: the target or an error; spill and failover are empty.' }).optional(),
    exhausted: exhaustedSchema.optional(),
    reasoning: z
      .enum(['hold', 'release'])
      .meta({ description: 'hold: reasoning is kept back until the answer begins, so that a rescue stays possible. Default: release.' })
      .optional(),
    head_after: duration('The head of a stream goes out after this long without an answer. Default: 15s.', 1).optional(),
    commit: z
      .enum(['answer', 'end'])
      .meta({ description: 'end: the whole answer is held until it is judged. Default: answer.' })
      .optional(),
    budget: budgetText.optional(),
    capture: captureSchema.optional(),
  })
  .meta({ description: 'What a caller is allowed and promised. The first key gets the first profile.' });

export const guaranteeSchema = z
  .strictObject({
    name: z.string().min(1, { error: 'a guarantee has a name' }).meta({ description: 'What is promised, for people.' }),
    when: z
      .strictObject({
        profile: z.string().meta({ description: 'For callers of this profile.' }).optional(),
        tier: tierSchema.optional(),
        route: z.string().meta({ description: 'For requests that finally use this route.' }).optional(),
      })
      .meta({ description: 'For which requests it holds. Left out: always.' })
      .optional(),
    only: oneOrMore('Nobody but these may be asked: upstreams, targets or cloud.').optional(),
    never: oneOrMore('None of these may be asked: upstreams, targets or cloud.').optional(),
  })
  .meta({ description: 'Proved over every reachable state of the fleet before the policy loads. Exactly one of only and never.' });

const costSchema = z
  .strictObject({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, { error: 'expected the three letters of a currency, such as EUR' })
      .meta({ description: 'The currency of every price in this file, such as EUR.' }),
    per_kwh: money('What a kilowatt-hour costs; with the watts of an upstream it makes the cost of its answers.').optional(),
    compare: priceSchema
      .meta({ description: 'A price per million tokens to compare the house with: what the same answers would have cost in a cloud.' })
      .optional(),
  })
  .meta({ description: 'What calls are reckoned with.' });

export const tracesSchema = z
  .strictObject({
    url: z
      .string()
      .meta({ description: 'The OTLP address, without /v1/traces: http://127.0.0.1:6006, https://host/api/public/otel.', format: 'uri' }),
    location: z
      .enum(['house', 'cloud'])
      .meta({ description: 'Where it is. Must be said for a public address; a cloud hears nothing of sovereign calls.' })
      .optional(),
    user: z
      .string()
      .regex(/^[\x21-\x39\x3b-\x7e]+$/, { error: 'expected a user name without spaces or ":"' })
      .meta({ description: 'The user of basic authorisation (the public key of Langfuse); without it the key is a bearer token.' })
      .optional(),
    key: keySchema('The key it wants: ${NAME} of an environment variable, or file:<path> beside the policy.').optional(),
    text: yesOrNo('Send the words of calls too, where the profile captures them and the tier lets them go. Default: false.').optional(),
  })
  .meta({ description: 'Sends a trace of every call by OpenTelemetry (OTLP over HTTP, protobuf): Langfuse, Phoenix, any collector.' });

const exportSchema = z.strictObject({ traces: tracesSchema.optional() }).meta({ description: 'Who besides the upstreams hears of calls.' });

export const policyFileSchema = z
  .strictObject({
    version: z.literal(1).meta({ description: 'The version of this format.' }),
    house: nameText.meta({ description: "The house's name; clients see <house>/auto, <house>/<route>." }),
    listen: oneOrMore(
      'Where the gatehouse listens: 127.0.0.1:8484, [::1]:8484, or a list of such. Default: 127.0.0.1:8484.',
      'an address and port such as 127.0.0.1:8484, or a list of such',
    ).optional(),
    hosts: oneOrMore("Names accepted in a Host header. Default: localhost, any IP address, the machine's name.").optional(),
    injected: listOf(
      z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9_.:-]*$/, { error: (issue) => `"${String(issue.input)}" is no tag name: write it without < and >` }),
      'Tags whose blocks clients put into user messages; taken out before words are scored. Default: system-reminder, environment_context.',
    ).optional(),
    upstreams: z.record(nameText, upstreamSchema).meta({ description: 'The model servers, by name.' }),
    routes: z
      .record(nameText, routeSchema)
      .meta({
        description: 'Named ways to targets. spill: who helps when the target is busy; failover: who stands behind it whatever happened.',
      })
      .optional(),
    classify: z
      .record(nameText, bucketSchema)
      .meta({
        description: 'Decides <house>/auto. Highest score wins, then the bucket written first; exactly one has neither words nor image.',
      })
      .optional(),
    profiles: z
      .record(nameText, profileSchema)
      .meta({ description: 'Every key has one. Without the section there is one, sovereign.' })
      .optional(),
    guarantees: listOf(guaranteeSchema, 'What is proved before the policy loads.').optional(),
    cost: costSchema.optional(),
    export: exportSchema.optional(),
    record: recordSchema.optional(),
  })
  .meta({ title: 'Gatehouse policy', description: 'One file is the house.' });

/** A policy as written, for code that makes one. */
export type PolicyFile = z.input<typeof policyFileSchema>;
export type RoutePlanFile = z.output<typeof routePlanSchema>;
export type BucketFile = z.output<typeof bucketSchema>;
export type ProfileFile = z.output<typeof profileSchema>;
export type RecordFile = z.output<typeof recordSchema>;
export type GuaranteeFile = z.output<typeof guaranteeSchema>;
