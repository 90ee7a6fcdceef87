/** A red square, 8 × 8: small enough to stand in a command line. */
const square = 'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mN4oKCAFTEMLQkAUmxIAUwYLx4AAAAASUVORK5CYII=';

/** The image of the demo's second line. */
const demoImageUrl = `data:image/png;base64,${square}`;

/** What the start of the demo house offers to try; each line works when pasted. `base` is the address with `/v1`. */
export function demoLines(options: {
  readonly base: string;
  readonly key: string;
  readonly gatehouse: (command: string) => string;
}): readonly { readonly what: string; readonly line: string }[] {
  const { base, key, gatehouse } = options;
  const post = (body: unknown): string =>
    `curl -s ${base}/chat/completions -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  const image = [
    { type: 'text', text: 'What do you see?' },
    { type: 'image_url', image_url: { url: demoImageUrl } },
  ];
  return [
    { what: 'a question', line: post({ model: 'auto', messages: [{ role: 'user', content: 'Refactor this code, please' }] }) },
    { what: 'an image', line: post({ model: 'auto', messages: [{ role: 'user', content: image }] }) },
    { what: 'break the senior, then ask for a review and see the 503', line: gatehouse('demo break spark') },
    { what: 'why a request goes where it goes', line: gatehouse('explain "Review the security of this code"') },
  ];
}
