const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The largest multiple of 62 a byte can reach; bytes from here on would favour the first characters. */
const fairBelow = 248;

/** So many characters out of 0-9, A-Z and a-z, each equally likely: 5.95 bits apiece. */
export function randomText(chars: number, random: (bytes: number) => Uint8Array): string {
  let text = '';
  while (text.length < chars) {
    for (const byte of random(chars)) if (byte < fairBelow && text.length < chars) text += alphabet.charAt(byte % alphabet.length);
  }
  return text;
}
