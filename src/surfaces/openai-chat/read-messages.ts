import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Modality } from '#core/policy/policy.ts';
import { mediumOfField } from '#core/request/media-part.ts';
import { isObject } from '#surfaces/read-json-body.ts';

import { mustBe } from './field-checks.ts';

/** What the messages of a chat request hold. */
export interface Messages {
  readonly input: readonly Modality[];
  /** Newest first, at most 64, messages without text left out. */
  readonly userTexts: readonly string[];
  readonly systemText: string;
  readonly firstUserText: string;
}

// Nine are scored, but only after injected blocks are taken out, which may leave nothing of some.
const userTextsMax = 64;
const modalities: readonly Modality[] = ['image', 'audio', 'video'];
const inline = 'sent inline as a "data:" URL; the gatehouse fetches nothing';

/**
 * Reads the messages of a chat request; the error names the first place that is wrong. Tolerated, because clients send them: null and
 * missing content, bare strings among content parts, parts of unknown type, the roles `developer` and `function`.
 */
export function readMessages(messages: unknown): Messages | GatewayError {
  if (!Array.isArray(messages) || messages.length === 0) return mustBe('messages', 'an array of at least one message');
  const found = new Set<Modality>();
  const users: string[] = [];
  const systems: string[] = [];
  for (const [index, message] of messages.entries()) {
    const place = `messages[${index}]`;
    if (!isObject(message)) return mustBe(place, 'an object with "role" and "content"');
    const role = message['role'];
    if (typeof role !== 'string' || role === '') return mustBe(`${place}.role`, 'a role, such as "user"');
    const content = readContent(message['content'], { place: `${place}.content`, found });
    if (typeof content !== 'string') return content;
    if (role === 'user') users.push(content);
    if (role === 'system' || role === 'developer') systems.push(content);
  }
  return {
    input: modalities.filter((modality) => found.has(modality)),
    userTexts: users
      .filter((text) => text !== '')
      .slice(-userTextsMax)
      .toReversed(),
    systemText: systems.join('\n'),
    firstUserText: users[0] ?? '',
  };
}

/** The text of one message's content, its parts joined by newlines; adds the media it finds. */
function readContent(content: unknown, seen: { readonly place: string; readonly found: Set<Modality> }): string | GatewayError {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return mustBe(seen.place, 'text, null or an array of parts');
  const texts: string[] = [];
  for (const [index, part] of content.entries()) {
    const place = `${seen.place}[${index}]`;
    if (typeof part === 'string') {
      texts.push(part);
      continue;
    }
    if (!isObject(part)) return mustBe(place, 'an object with "type", or text');
    const wrong = wrongPart(part, place);
    if (wrong !== null) return wrong;
    for (const [field, value] of Object.entries(part)) {
      const medium = value === null ? null : mediumOfField(field, value);
      if (medium !== null) seen.found.add(medium);
    }
    if (typeof part['text'] === 'string' && isTextPart(part['type'])) texts.push(part['text']);
  }
  return texts.join('\n');
}

function isTextPart(type: unknown): boolean {
  return type === 'text' || type === 'input_text' || type === 'output_text' || type === undefined;
}

function wrongPart(part: Readonly<Record<string, unknown>>, place: string): GatewayError | null {
  if (part['type'] === 'text' && typeof part['text'] !== 'string') return mustBe(`${place}.text`, 'text');
  for (const [field, value] of Object.entries(part)) {
    if (value === null || (mediumOfField(field, value) === null && field !== 'file' && !field.endsWith('_url'))) continue;
    const wrong = wrongMedium(field, value);
    if (wrong !== null) return mustBe(`${place}.${wrong.field}`, wrong.expected);
  }
  return null;
}

/** Whether a medium's value may make a server fetch something: media come with the request or not at all. */
function wrongMedium(field: string, value: unknown): { readonly field: string; readonly expected: string } | null {
  const name = field.length > 40 ? 'url' : field;
  if (typeof value === 'string') return isInline(value, !field.endsWith('_embeds')) ? null : { field: name, expected: inline };
  if (!isObject(value)) return { field: name, expected: 'an object or a "data:" URL' };
  for (const [key, inner] of Object.entries(value)) {
    const isUrl = key === 'url' || key.endsWith('_url');
    if (isUrl && typeof inner !== 'string') return { field: `${name}.url`, expected: 'text' };
    const carries = isUrl || key === 'data' || key === 'file_data' || key === 'path' || key === 'file_path';
    if (carries && typeof inner === 'string' && !isInline(inner, isUrl || key.endsWith('path')))
      return { field: `${name}.${isUrl ? 'url' : key}`, expected: inline };
  }
  return null;
}

/** A `data:` URL, or, where the field is not for URLs, bare base64: that has no colon in it. */
function isInline(text: string, urlOnly: boolean): boolean {
  return /^data:/i.test(text) || (!urlOnly && !text.includes(':'));
}
