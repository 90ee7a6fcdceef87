import { Buffer } from 'node:buffer';

import { isObject, parseObject } from '#surfaces/read-json-body.ts';

const bytesPerNumber = 4;

/**
 * The vectors in the format that was asked for: `float` (lists of numbers; also if nothing was asked) or `base64` (of little-endian floats
 * of four bytes). Some servers know only lists, and the official client asks for base64 unless told otherwise. A body that is already as
 * asked stays as it is, byte for byte.
 */
export function vectorsAsAsked(body: Uint8Array, format: unknown): Uint8Array {
  const reply = parseObject(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  const data = reply?.['data'];
  if (reply === null || !Array.isArray(data)) return body;
  const wanted = format === 'base64' ? 'string' : 'object';
  if (data.every((entry) => !isObject(entry) || typeof entry['embedding'] === wanted)) return body;
  const changed = data.map((entry: unknown) => {
    if (!isObject(entry)) return entry;
    // llama.cpp says it beside each vector.
    const { encoding_format: _said, ...others } = entry;
    return { ...others, embedding: wanted === 'string' ? toBase64(entry['embedding']) : toNumbers(entry['embedding']) };
  });
  return Buffer.from(JSON.stringify({ ...reply, data: changed }));
}

/** A list of numbers as base64; anything else as it is. */
export function toBase64(vector: unknown): unknown {
  if (!Array.isArray(vector)) return vector;
  const bytes = Buffer.alloc(vector.length * bytesPerNumber);
  for (const [index, number] of vector.entries()) bytes.writeFloatLE(Number(number), index * bytesPerNumber);
  return bytes.toString('base64');
}

/** Base64 as a list of numbers; anything else as it is. */
export function toNumbers(vector: unknown): unknown {
  if (typeof vector !== 'string') return vector;
  const bytes = Buffer.from(vector, 'base64');
  return Array.from({ length: Math.floor(bytes.length / bytesPerNumber) }, (_, index) => bytes.readFloatLE(index * bytesPerNumber));
}
