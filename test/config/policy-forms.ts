import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Pair, Scalar, YAMLMap } from 'yaml';

/** The four ways of writing one and the same policy. */
export const forms = ['block', 'flow', 'dressed', 'json'] as const;
export type Form = (typeof forms)[number];

/** Writes a policy, mistakes included, in one of its forms. Numbers keep their digits, and keys written twice stay twice. */
export function renderPolicy(text: string, form: Form): string {
  const root = parseDocument(text, { uniqueKeys: false, schema: 'core' }).contents;
  switch (form) {
    case 'block':
      return `${block(root, 0)}\n`;
    case 'flow':
      // The sections each on a line, everything below them in braces.
      return isMap(root) ? `${root.items.map((pair) => `${scalar(pair.key)}: ${flow(pair.value)}`).join('\n')}\n` : flow(root);
    case 'dressed':
      return `\uFEFF${dressed(root, 0)}\n# the end\n`.replaceAll('\n', '\r\n');
    case 'json':
      return `${json(root)}\n`;
  }
}

function block(node: unknown, depth: number): string {
  const indent = '  '.repeat(depth);
  if (isMap(node) && node.items.length > 0) {
    return node.items
      .map((pair) => `${indent}${scalar(pair.key)}:${nested(pair.value) ? `\n${block(pair.value, depth + 1)}` : after(pair.value)}`)
      .join('\n');
  }
  if (isSeq(node) && node.items.length > 0) {
    // An entry begins on the line of its dash.
    return node.items.map((item) => `${indent}- ${nested(item) ? block(item, depth + 1).trimStart() : scalarOrEmpty(item)}`).join('\n');
  }
  return `${indent}${scalarOrEmpty(node)}`;
}

/** Block style in its Sunday clothes: every text in quotes, of one kind or the other, with remarks and blank lines between. */
function dressed(node: unknown, depth: number): string {
  const indent = '   '.repeat(depth);
  if (isMap(node) && node.items.length > 0) {
    return node.items
      .map((pair, at) => {
        const remark = at === 0 ? '' : `\n${indent}# "remark": { not: [a, value\n`;
        const value = nested(pair.value)
          ? `   # what follows\n\n${dressed(pair.value, depth + 1)}`
          : `${after(pair.value, quoted(at + 1))}  # so`;
        return `${remark}${indent}${quoted(at)(pair.key)} :${value}`;
      })
      .join('\n');
  }
  if (isSeq(node) && node.items.length > 0) {
    return node.items
      .map((item, at) => `${indent}-  ${nested(item) ? dressed(item, depth + 1).trimStart() : scalarOrEmpty(item, quoted(at))}`)
      .join('\n');
  }
  return `${indent}${scalarOrEmpty(node, quoted(depth))}`;
}

function flow(node: unknown): string {
  if (isMap(node))
    return node.items.length === 0 ? '{}' : `{ ${node.items.map((pair) => `${inBraces(pair.key)}: ${flow(pair.value)}`).join(', ')} }`;
  if (isSeq(node)) return `[${node.items.map((item) => flow(item)).join(', ')}]`;
  return inBraces(node);
}

function json(node: unknown): string {
  if (isMap(node)) return `{${node.items.map((pair) => `${asText(pair)}:${json(pair.value)}`).join(',')}}`;
  if (isSeq(node)) return `[${node.items.map((item) => json(item)).join(',')}]`;
  if (!isScalar(node)) throw new Error('this cannot be said in JSON');
  if (typeof node.value === 'number' && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(node.source ?? '')) return node.source ?? '';
  return JSON.stringify(node.value);
}

/** A key of JSON is a text, whatever it looks like. */
function asText(pair: Pair): string {
  return JSON.stringify(isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : scalar(pair.key));
}

function nested(node: unknown): boolean {
  return (isMap(node) || isSeq(node)) && node.items.length > 0;
}

/** What stands after a colon; nothing at all for a value that was left out. */
function after(node: unknown, write: (node: unknown) => string = scalar): string {
  const text = scalarOrEmpty(node, write);
  return text === '' ? '' : ` ${text}`;
}

function scalarOrEmpty(node: unknown, write: (node: unknown) => string = scalar): string {
  if (isMap(node)) return '{}';
  return isSeq(node) ? '[]' : write(node);
}

/** As it was written, quotes and digits included. */
function scalar(node: unknown): string {
  if (node === null) return '';
  if (!isScalar(node)) throw new Error('this is no plain value');
  return isQuoted(node) ? JSON.stringify(node.value) : (node.source ?? String(node.value));
}

/** As written, but in quotes where braces, commas or a dollar sign would otherwise mean something else. */
function inBraces(node: unknown): string {
  const plain = scalar(node);
  return isScalar(node) && typeof node.value === 'string' && !/^[\w./-]+$/.test(node.value) ? JSON.stringify(node.value) : plain;
}

function quoted(at: number): (node: unknown) => string {
  return (node) => {
    if (!isScalar(node) || typeof node.value !== 'string') return scalar(node);
    return at % 2 === 0 ? JSON.stringify(node.value) : `'${node.value.replaceAll("'", "''")}'`;
  };
}

function isQuoted(node: Scalar): boolean {
  return node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
}

/** One thing that begins at an offset of a text. */
export interface Piece {
  /** Which of the pairs and entries from the root it is, and whether its key or its value is meant: the same in every form. */
  readonly where: string;
  /** A plain value without its quotes; the kind of anything else. */
  readonly token: string;
}

/** Everything that begins at an offset; several where a mapping begins with its first key. */
export function piecesAt(text: string, offset: number): readonly Piece[] {
  const pieces: Piece[] = [];
  const visit = (node: unknown, where: string): void => {
    const range = isMap(node) || isSeq(node) || isScalar(node) ? node.range : null;
    const token = isMap(node) ? '{}' : isSeq(node) ? '[]' : isScalar(node) ? String(node.value) : '';
    // An empty value stands nowhere.
    if (range?.[0] === offset && (range[1] > range[0] || token !== 'null')) pieces.push({ where, token });
    if (isMap(node)) visitPairs(node, where);
    if (isSeq(node)) for (const [at, item] of node.items.entries()) visit(item, `${where}/${at}`);
  };
  const visitPairs = (map: YAMLMap, where: string): void => {
    for (const [at, pair] of map.items.entries()) {
      visit(pair.key, `${where}/${at}:key`);
      visit(pair.value, `${where}/${at}`);
    }
  };
  visit(parseDocument(text, { uniqueKeys: false, schema: 'core' }).contents, '');
  return pieces;
}
