import { z } from 'zod';
import { upstreamKinds } from '#upstreams/registry.ts';
import { duration, listOf, modelName, money, nameText, size, wholeNumber, yesOrNo } from './schema-leaves.ts';

/** What a key may be: a reference, never the key itself. The messages do not repeat what was written, since it may be a real key. */
export const keyReference = /^(?:\$\{([A-Za-z_][A-Za-z0-9_]*)\}|file:(.+))$/;
const keyInline = 'a key is never written in the policy: write ${NAME} (an environment variable) or file:<path>';

/** `$NAME` is the name of a variable, not a key, so it may be repeated. */
function keyMistake(written: unknown): string {
  const name = typeof written === 'string' ? /^\$([A-Z][A-Z0-9_]{2,})$/.exec(written)?.[1] : undefined;
  return name === undefined ? keyInline : `an environment variable is written with braces: \${${name}}`;
}

export const priceSchema = z
  .strictObject({
    input: money('Price of a million prompt tokens.'),
    output: money('Price of a million answered tokens.'),
    cached_input: money('Price of a million prompt tokens that the server had in its cache; default: as input.').optional(),
  })
  .meta({ description: 'What this model costs, per million tokens.' });

const modelSchema = z
  .strictObject({
    serves: z
      .enum(['chat', 'embeddings', 'rerank', 'transcription', 'speech', 'images'])
      .meta({ description: 'What the model is for. Default: chat.' })
      .optional(),
    context: size('Window in tokens, prompt and output together (32k, 32Ki, 32000). Required of a model that serves chat.').optional(),
    input: listOf(z.enum(['text', 'image', 'audio', 'video']), 'What the model takes in. Default: text alone.').optional(),
    tools: yesOrNo('The model can call tools. Default: false.').optional(),
    reasoning: yesOrNo('The model thinks before it answers. Default: false.').optional(),
    slots: wholeNumber("Slots of this model's own, apart from the upstream's.").optional(),
    price: priceSchema.optional(),
    pinned: yesOrNo('Never unloaded, by a server that can be told so.').optional(),
  })
  .meta({ description: 'What one model can do. An ability not written is absent.' });

const clock = (description: string) => duration(description, 1).optional();

const clocksSchema = z
  .strictObject({
    connect: clock('To a connection. Default: 1s.'),
    load: clock('A server that says it is loading is waited for this long; first_token stands still meanwhile. Default: 5m.'),
    first_token: clock('Of a stream, to its first token; reasoning counts. Default: 30s.'),
    idle: clock('Of a stream, between two tokens. Default: 30s.'),
    reply: clock('The whole answer, when it is not streamed. Default: 10m.'),
    total: clock('From dial to end. Default: 30m.'),
  })
  .meta({ description: 'How long this upstream may take. What is not said keeps its default.' });

const recoverSchema = z
  .strictObject({
    command: listOf(
      z.string().min(1, { error: 'a word of a command is not empty' }),
      'The program and its arguments, word by word. No shell reads them.',
    ).min(1, { error: 'a command has at least one word' }),
  })
  .meta({
    description:
      'What may bring the machine back: run when it is out and stays out, or when the operator says so. It is your own command: the gatehouse does not know where it reaches.',
  });

/** An amount per time: `20/month`. Shape-checked only, because nothing keeps it yet. */
export const budgetText = z
  .string()
  .regex(/^\d+(?:\.\d{1,9})?\/(?:day|week|month)$/, { error: 'expected an amount per time, such as 20/month' })
  .meta({ description: 'Most that may be spent: 20/month. Not built yet, so a policy with it does not load.' });

export const keySchema = (description: string) =>
  z
    .string({ error: keyInline })
    .regex(keyReference, { error: (issue) => keyMistake(issue.input) })
    .meta({ description });

export const upstreamSchema = z
  .strictObject({
    kind: z.string().meta({
      description: ['Which server this is.', ...upstreamKinds.map((kind) => `${kind.name}: ${kind.title}`)].join('\n'),
      enum: upstreamKinds.map((kind) => kind.name),
    }),
    url: z.string().meta({ description: 'Where it listens: http://127.0.0.1:8001. A base path is kept.', format: 'uri' }).optional(),
    location: z
      .enum(['house', 'cloud'])
      .meta({
        description:
          'Where the data goes, whatever the address. Must be said for a public address and for kinds that do not imply it; else house.',
      })
      .optional(),
    key: keySchema('The key the server wants: ${NAME} of an environment variable, or file:<path> beside the policy.').optional(),
    slots: z
      .union([wholeNumber('Requests it can work on at once.'), nameText], {
        error: 'expected a number of slots, or the name of the upstream whose slots these are',
      })
      .meta({
        description:
          'Requests it can work on at once, shared by its models; the next one spills. Required in the house, unlimited if unsaid in a cloud. The name of another upstream: its slots are shared.',
      })
      .optional(),
    clocks: clocksSchema.optional(),
    assemble: yesOrNo('Stream from this server also for callers who did not ask for a stream. Default: as its kind needs.').optional(),
    recover: recoverSchema.optional(),
    watts: wholeNumber('What the machine draws while it works, in watts: for the energy of its answers.').optional(),
    warm: wholeNumber('Most models loaded at once. Not yet in force.').optional(),
    budget: budgetText.optional(),
    models: z.record(modelName, modelSchema).meta({ description: "The models it serves, under the server's own names." }),
  })
  .meta({ description: 'A model server at an address.' });

export type UpstreamFile = z.output<typeof upstreamSchema>;
export type ModelFile = z.output<typeof modelSchema>;
