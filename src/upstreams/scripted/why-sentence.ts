const sentences: Readonly<Record<string, (bucket: string) => string>> = {
  words: (bucket) => `your words are those of the bucket "${bucket}"`,
  image: (bucket) => `you sent an image, and the bucket "${bucket}" takes those`,
  rest: (bucket) => `no words of any bucket were found, and "${bucket}" takes the rest`,
  header: () => 'a header named the route',
  model: () => 'you named the model or route yourself',
  hint: () => 'metadata.route named the route',
  first_route: () => 'mine is the first route of your profile',
};

/**
 * Why a call was sent to this machine (`words:coding,promoted; spark is down (connection refused)`) as the middle of a sentence. What it
 * does not know it repeats.
 */
export function whySentence(why: string): string {
  const [line = '', ...passedOver] = why.split('; ');
  const [base = '', ...more] = line.split(',');
  const [reason = '', bucket = ''] = base.split(':');
  const chosen = Object.hasOwn(sentences, reason) ? (sentences[reason]?.(bucket) ?? base) : base;
  const promoted = more.includes('promoted') ? ', and the prompt is long enough for a larger window' : '';
  return [`${chosen}${promoted}`, ...passedOver].join('; ');
}
