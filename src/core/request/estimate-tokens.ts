import type { Modality } from '#core/policy/policy.ts';
import { mediumOfField } from './media-part.ts';

/** What one image, sound or film counts, whatever its size: their base64 says nothing about what the model makes of them. */
const mediaTokens: Readonly<Record<Modality, number>> = { image: 1000, audio: 1000, video: 4000 };
const messageTokens = 4;
const scalarTokens = 1;
const quartersPerToken = 4;
/** Deeper values are refused before anything is estimated. */
const depthMax = 64;

/** Top-level texts that are prompt, where all other top-level scalars are settings. */
const promptFields: ReadonlySet<string> = new Set(['prompt', 'suffix', 'input', 'instructions', 'system', 'query']);
/** Top-level objects that no model reads. */
const settingFields: ReadonlySet<string> = new Set(['metadata', 'stream_options', 'logit_bias']);
/** Arrays whose elements are content parts, and may be media. */
const partFields: ReadonlySet<string> = new Set(['content', 'input']);

/**
 * Estimates the tokens of a whole parsed request, so that a decision needs no tokenizer. Every text and every key costs, per UTF-16
 * unit: a quarter of a token in ASCII, half a token up to U+07FF, one token beyond. A number or a boolean is one token, a message four
 * more, an image or a sound 1,000, a film 4,000. Settings (top-level scalars, `metadata`, `stream_options`, `logit_bias`) are not
 * counted. Sums of whole quarters, rounded up once: the order of keys and white space do not matter. Linear in the request.
 */
export function estimateTokens(body: Readonly<Record<string, unknown>>): number {
  let quarters = 0;
  for (const [field, value] of Object.entries(body)) {
    const counts =
      typeof value === 'object' ? value !== null && !settingFields.has(field) : typeof value === 'string' && promptFields.has(field);
    if (!counts) continue;
    quarters += textQuarters(field) + valueQuarters(value, field, 1);
    if (field === 'messages' && Array.isArray(value)) quarters += value.length * messageTokens * quartersPerToken;
  }
  return Math.ceil(quarters / quartersPerToken);
}

function valueQuarters(value: unknown, field: string, depth: number): number {
  if (typeof value === 'string') return textQuarters(value);
  if (typeof value === 'number' || typeof value === 'boolean') return scalarTokens * quartersPerToken;
  if (typeof value !== 'object' || value === null || depth > depthMax) return 0;
  let quarters = 0;
  if (Array.isArray(value)) {
    const parts = partFields.has(field);
    for (const element of value) quarters += parts ? partQuarters(element, depth + 1) : valueQuarters(element, '', depth + 1);
    return quarters;
  }
  for (const [key, member] of Object.entries(value)) quarters += textQuarters(key) + valueQuarters(member, key, depth + 1);
  return quarters;
}

function partQuarters(part: unknown, depth: number): number {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return valueQuarters(part, '', depth);
  let quarters = 0;
  for (const [key, member] of Object.entries(part)) {
    const medium = mediumOfField(key, member);
    quarters += textQuarters(key) + (medium === null ? valueQuarters(member, key, depth + 1) : mediaTokens[medium] * quartersPerToken);
  }
  return quarters;
}

function textQuarters(text: string): number {
  let quarters = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    quarters += code < 0x80 ? 1 : code < 0x800 ? 2 : 4;
  }
  return quarters;
}
