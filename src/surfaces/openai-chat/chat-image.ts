import { Buffer } from 'node:buffer';

import type { ChatPart } from '#core/request/chat-request.ts';
import { mediumOfField } from '#core/request/media-part.ts';
import { isObject } from '#surfaces/read-json-body.ts';

/** How the base64 of each format begins: for images that come without their type. */
const beginnings: readonly (readonly [base64: string, mediaType: string])[] = [
  ['/9j/', 'image/jpeg'],
  ['iVBOR', 'image/png'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** The image that one field of a content part holds; null if it holds none, or none that came with the request. */
export function imageIn(field: string, value: unknown): Extract<ChatPart, { type: 'image' }> | null {
  if (field === 'image_embeds' || value === null || mediumOfField(field, value) !== 'image') return null;
  for (const text of textsOf(value)) {
    const image = readImage(text);
    if (image !== null) return image;
  }
  return null;
}

/** Where clients put the data: as the field itself, or under one of these. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (!isObject(value)) return [];
  return ['url', 'image_url', 'data', 'file_data'].map((key) => value[key]).filter((text) => typeof text === 'string');
}

/** A `data:` URL (RFC 2397), base64 or percent-encoded, or bare base64. */
function readImage(text: string): Extract<ChatPart, { type: 'image' }> | null {
  if (!/^data:/i.test(text)) return text === '' || text.includes(':') ? null : imageOf('', text);
  const comma = text.indexOf(',');
  if (comma < 0) return null;
  const [type = '', ...parameters] = text.slice('data:'.length, comma).split(';');
  const body = text.slice(comma + 1);
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64');
  return imageOf(type.trim().toLowerCase(), isBase64 ? body : percentDecoded(body));
}

function imageOf(said: string, base64: string): Extract<ChatPart, { type: 'image' }> {
  const known = beginnings.find(([beginning]) => base64.startsWith(beginning));
  // What the bytes say comes first: clients write image/jpeg on everything, and strict servers refuse what does not agree.
  return { type: 'image', mediaType: known?.[1] ?? (said.startsWith('image/') ? said : 'image/jpeg'), base64 };
}

/** The bytes that percent signs spell need not be any text. */
function percentDecoded(text: string): string {
  const bytes = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('base64');
}
