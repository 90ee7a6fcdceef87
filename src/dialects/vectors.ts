/** More vectors than any request may ask for; a longer list is no answer to one. */
export const vectorsMax = 2048;

export type Vector = string | readonly number[];

/** The value as vector: a filled list of numbers, or base64 of little-endian floats of four bytes; null if it is neither. */
export function vectorOf(value: unknown): { readonly vector: Vector; readonly length: number } | null {
  if (typeof value === 'string') {
    if (value.length === 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return null;
    const bytes = Math.floor((value.replace(/=+$/, '').length * 3) / 4);
    return bytes > 0 && bytes % 4 === 0 ? { vector: value, length: bytes / 4 } : null;
  }
  return isNumbers(value) && value.length > 0 ? { vector: value, length: value.length } : null;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((number) => typeof number === 'number');
}
