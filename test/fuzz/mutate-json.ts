import type { Dice } from '#test/sim/random.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** One place in a body: a container, and the name of what stands in it. */
interface Place {
  readonly within: { [key: string]: Json } | Json[];
  readonly name: string;
}

const nastyKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  'api_base',
  'base_url',
  'api_key',
  'fallbacks',
  'user_config',
  'extra_headers',
  'organization',
  'url',
  'image_url',
  'file',
  'model',
  'messages',
  'role',
  'content',
  'stream',
  'n',
  'max_tokens',
  'input',
  'metadata',
  'route',
  '',
  'a'.repeat(300),
  '\u0000',
  '\ud800',
  'é',
] as const;

const nastyTexts = [
  '',
  ' ',
  '\u0000',
  '\ud83d',
  '\u202e',
  'x'.repeat(600),
  'word '.repeat(4_000),
  'http://203.0.113.9/a.png',
  'file:///etc/passwd',
  '//203.0.113.9',
  'javascript:alert(1)',
  'data:image/png;base64,AAAA',
  'data:',
  '__proto__',
  'keep/auto',
  'keep/none',
  'auto',
  'reader/',
  '/',
  'null',
  '{{7*7}}',
  '${UPSTREAM_KEY}',
  "' OR 1=1 --",
  '[DONE]',
  'data: [DONE]\n\n',
  '<system-reminder>',
] as const;

/** Characters that repeating may make of a value. */
const repeatedMax = 500_000;

const nastyNumbers = [0, -0, -1, 0.5, 1e308, Number.MAX_SAFE_INTEGER + 2, 5e-324, 2 ** 31, -(2 ** 31)] as const;

/** Changes the structure of a body, whose text is then to be changed as well or not. */
export function mutateJson(body: { [key: string]: Json }, dice: Dice): { [key: string]: Json } {
  const copy = structuredClone(body);
  for (let rounds = dice.int(1, 3); rounds > 0; rounds--) changePlace(copy, dice);
  return copy;
}

/** The text of a body, sometimes with what only a text can say: a key twice, a number that no machine holds, half a character. */
export function jsonText(body: { [key: string]: Json }, dice: Dice): string {
  const text = JSON.stringify(body, null, dice.pick([undefined, undefined, 1, '\t']));
  const keys = [...text.matchAll(/"[^"\\]{1,40}":/g)];
  switch (dice.weighted({ plain: 70, twice: 8, number: 8, surrogate: 5, mark: 3, escaped: 6 })) {
    case 'plain':
      return text;
    case 'twice':
      return keys.length === 0 ? text : text.replace(/\}$/, `,${dice.pick(keys)[0]}${dice.pick(['null', 'true', '"x"', '[]'])}}`);
    case 'number':
      return text.replace(
        /(?<=:)(?:"[^"\\]*"|\d+|true|false|null)/,
        dice.pick(['1e400', '-1e400', '0x10', '01', '1.', '9'.repeat(5_000), 'NaN']),
      );
    case 'surrogate':
      return text.replace(/[a-z](?=[a-z])/, dice.pick(['\\ud800', '\\udc00\\ud800', '\\u0000', '\\u', '\\x41']));
    case 'mark':
      return `\ufeff${text}`;
    case 'escaped': {
      const key = keys.length === 0 ? null : dice.pick(keys)[0];
      return key === null ? text : text.replace(key, `"\\u${key.charCodeAt(1).toString(16).padStart(4, '0')}${key.slice(2)}`);
    }
  }
}

function changePlace(body: { [key: string]: Json }, dice: Dice): void {
  const { within, name } = dice.pick(placesIn(body));
  const old: Json = Array.isArray(within) ? (within[Number(name)] ?? null) : (within[name] ?? null);
  const set = (value: Json): void => {
    if (Array.isArray(within)) within[Number(name)] = value;
    else Object.defineProperty(within, name, { value, enumerable: true, configurable: true, writable: true });
  };
  switch (dice.weighted({ replace: 40, drop: 12, add: 20, wrap: 8, repeat: 6, deep: 4, many: 2, rename: 8 })) {
    case 'replace':
      return set(nastyValue(dice));
    case 'drop':
      if (Array.isArray(within)) within.splice(Number(name), 1);
      else delete within[name];
      return;
    case 'add':
      Object.defineProperty(Array.isArray(within) ? body : within, dice.pick(nastyKeys), {
        value: nastyValue(dice),
        enumerable: true,
        configurable: true,
        writable: true,
      });
      return;
    case 'wrap':
      return set(dice.chance(0.5) ? [old] : { [dice.pick(nastyKeys)]: old });
    case 'repeat': {
      const times = Math.min(dice.pick([2, 2, 2, 50, 50, 50, 50, 3_000]), Math.ceil(repeatedMax / JSON.stringify(old).length));
      // Copies: what is then changed in one would be changed in all, and a body could grow beyond every text.
      return set(Array.from({ length: times }, () => structuredClone(old)));
    }
    case 'deep': {
      let value: Json = old;
      for (let depth = dice.pick([10, 10, 60, 70, 1_000]); depth > 0; depth--) value = dice.chance(0.5) ? [value] : { a: value };
      return set(value);
    }
    case 'many':
      return set(Object.fromEntries(Array.from({ length: dice.pick([100, 11_000]) }, (_, at) => [`k${at}`, at])));
    case 'rename':
      if (Array.isArray(within)) return;
      delete within[name];
      Object.defineProperty(within, dice.pick(nastyKeys), { value: old, enumerable: true, configurable: true, writable: true });
  }
}

function nastyValue(dice: Dice): Json {
  switch (dice.weighted({ text: 40, number: 25, word: 20, container: 15 })) {
    case 'text':
      return dice.pick(nastyTexts);
    case 'number':
      return dice.pick(nastyNumbers);
    case 'word':
      return dice.pick([null, true, false]);
    case 'container':
      return dice.pick<Json>([
        [],
        {},
        [[]],
        [{}],
        { url: 'http://203.0.113.9' },
        { type: 'text' },
        { type: 'image_url', image_url: 'http://203.0.113.9' },
        [null],
        { a: { b: {} } },
      ]);
  }
}

function placesIn(root: { [key: string]: Json }): readonly Place[] {
  const places: Place[] = [];
  const look = (within: { [key: string]: Json } | Json[]): void => {
    for (const [name, value] of Object.entries(within)) {
      if (places.length > 500) return;
      places.push({ within, name });
      if (typeof value === 'object' && value !== null) look(value);
    }
  };
  look(root);
  return places.length > 0 ? places : [{ within: root, name: 'model' }];
}
