import { Composer, Lexer, Parser, isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Alias, Document, Node, Pair, Scalar, YAMLError, YAMLMap } from 'yaml';
import { lineStartsOf, positionIn, spotName } from './policy-source.ts';
import type { PolicyPath, PolicySource, Spot } from './policy-source.ts';
import type { PolicyProblem } from './problem.ts';
import { indentedDifferently, indentedTooFar, openBracket, openQuote } from './syntax-place.ts';
import type { SyntaxPlace } from './syntax-place.ts';

/** Bounds on what a file may make the reader do; all far above any policy. */
const lexemesMax = 200_000;
const parserDepthMax = 200;
const valuesMax = 20_000;
const depthMax = 32;
const textMax = 10_000;
const keyMax = 200;

/** What a policy file is as YAML: its values, if they are worth looking at, and what is wrong with how they are written. */
export interface YamlReading {
  readonly source: PolicySource | null;
  readonly problems: readonly PolicyProblem[];
}

/** Parses the text of a policy file into plain values with their places. YAML 1.2, one document, no tags, no merge keys, bounded aliases. */
export function readYaml(text: string, file: string): YamlReading {
  const lineStarts = lineStartsOf(text);
  const problem = (offset: number, message: string): PolicyProblem => ({
    file,
    ...positionIn(lineStarts, offset),
    path: '',
    message,
    suggestion: null,
  });
  const refused = (offset: number, message: string): YamlReading => ({ source: null, problems: [problem(offset, message)] });
  const documents = compose(text);
  if ('offset' in documents) return refused(documents.offset, documents.message);
  const [document, second] = documents;
  const syntax = document?.errors[0];
  if (syntax) {
    const offset = Math.min(syntax.pos[0], text.length);
    const made = whereMade(syntax, offset, text);
    return refused(made?.offset ?? offset, made?.message ?? explain(syntax, text));
  }
  if (second) return refused(second.range?.[0] ?? 0, 'a second document begins here; a policy is one document');
  const root = document?.contents;
  if (!document || !root || (isScalar(root) && root.value === null)) {
    return refused(0, 'the file is empty; a policy starts with "version: 1" and "house: <name>"');
  }
  const walk = new Walk(document, lineStarts);
  const value = walk.read(root, []);
  if (!isMap(root)) return refused(root.range?.[0] ?? 0, 'a policy is a mapping: "version: 1", "house: <name>" and so on, one per line');
  const problems = walk.problems.map(({ offset, message }) => problem(offset, message));
  return { source: walk.stopped ? null : { file, lineStarts, value, spots: walk.spots, refused: walk.refused, keys: walk.keys }, problems };
}

interface Trouble {
  readonly offset: number;
  readonly message: string;
}

/** Parses step by step, so that a file made to exhaust the parser is stopped before it does. */
function compose(text: string): readonly Document[] | Trouble {
  const parser = new Parser();
  const tokens = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > parserDepthMax) return { offset: parser.offset, message: 'nested too deeply for a policy' };
    if (++lexemes > lexemesMax) return { offset: parser.offset, message: 'too much for a policy' };
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer({
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  return [...composer.compose(tokens, true, text.length)];
}

/** Where the mistake was made, if that is known to be elsewhere than where the parser noticed it. */
function whereMade(error: YAMLError, offset: number, text: string): SyntaxPlace | null {
  if (text[offset] === '\t' || text.slice(offset - 1, offset + 1) === '${') return null;
  const startsLine = offset > 0 && text[offset - 1] === '\n';
  if (startsLine && (error.code === 'UNEXPECTED_TOKEN' || error.code === 'BLOCK_AS_IMPLICIT_KEY')) return indentedDifferently(text, offset);
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') return indentedTooFar(text, offset);
  if (error.code === 'BAD_INDENT') return error.message.startsWith('Flow') ? openBracket(text, offset) : indentedDifferently(text, offset);
  return error.code === 'MISSING_CHAR' && error.message.includes('quote') ? openQuote(text, offset) : null;
}

const explanations: ReadonlyMap<string, string> = new Map([
  ['TAB_AS_INDENT', 'a tab cannot indent; use spaces'],
  ['BLOCK_AS_IMPLICIT_KEY', 'two values on one line, or a line indented too far; text with ": " in it goes in quotes'],
  ['MULTILINE_IMPLICIT_KEY', 'a line without a colon: every line is "key: value"'],
  ['UNEXPECTED_TOKEN', 'this does not belong here; is a bracket, a comma or an indent wrong before it?'],
  ['BAD_ALIAS', 'this anchor or alias has no proper name'],
  ['BAD_DIRECTIVE', 'a policy has no directives'],
]);

/** A person's words for what the parser found. The parser's own are used only where they cannot quote the file, which may hold a key. */
function explain(error: YAMLError, text: string): string {
  const offset = error.pos[0];
  if (text[offset] === '\t') return 'a tab cannot indent; use spaces';
  if (text.slice(offset - 1, offset + 1) === '${') return 'inside { } a reference goes in quotes: "${NAME}"';
  const own = explanations.get(error.code);
  if (own !== undefined) return own;
  if (error.code === 'BAD_INDENT') {
    return error.message.startsWith('Flow')
      ? 'a bracket before this is not closed'
      : 'this line is indented differently from its neighbours';
  }
  if (error.code === 'MISSING_CHAR') {
    if (error.message.includes('quote')) return 'a quotation mark is opened and not closed';
    return error.message.includes('map value')
      ? 'a key without a colon: every line is "key: value"'
      : 'something is missing here: a comma, a colon or a bracket';
  }
  if (error.code === 'BAD_SCALAR_START') return `text that starts with "${text[offset] ?? ''}" goes in quotes`;
  if (error.code === 'BAD_DQ_ESCAPE') return 'no such escape in "…"; use \'…\' where a backslash is meant';
  return 'this is not YAML';
}

/** Tags that say what a plain value is anyway. */
const plainTags = new Set(['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`));

interface KeyPlace {
  readonly name: string;
  readonly offset: number;
}

/** Reads a document's nodes into values, aliases included, and remembers where each stands. */
class Walk {
  readonly spots = new Map<string, Spot>();
  readonly keys = new Map<string, readonly string[]>();
  readonly problems: Trouble[] = [];
  readonly refused = new Set<string>();
  /** A bound was met, so the values are not all there. */
  stopped = false;
  /** What each alias stands for. Looking for the anchor of one is a pass through the document, so all are found in one. */
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #lineStarts: readonly number[];
  readonly #open = new Set<unknown>();
  #values = 0;

  constructor(document: Document, lineStarts: readonly number[]) {
    this.#targets = aliasTargets(document);
    this.#lineStarts = lineStarts;
  }

  read(node: unknown, path: PolicyPath, key: KeyPlace | null = null): unknown {
    const offset = (isNode(node) ? node.range?.[0] : undefined) ?? key?.offset ?? 0;
    if (isAlias(node)) return this.#readAlias(node, path, key);
    const written = isScalar(node) ? (node.source ?? null) : null;
    // A key with nothing behind it has an empty value node somewhere after it; its own name is the better place.
    const empty = isScalar(node) && node.value === null && written === '';
    this.spots.set(spotName(path), { key: key?.offset ?? null, value: empty && key ? key.offset : offset, written });
    if (this.stopped) return null;
    if (++this.#values > valuesMax)
      return this.#stop(offset, `more than ${valuesMax} values, each alias counted as what it stands for; a policy is smaller`);
    if (path.length > depthMax) return this.#stop(offset, 'nested too deeply for a policy');
    if (!isNode(node)) return null;
    const { tag } = node;
    if (tag !== undefined && !plainTags.has(tag)) return this.#refuseValue(path, offset, 'a policy has no tags');
    if (isScalar(node)) {
      const long = typeof node.value === 'string' ? node.value.length : (written?.length ?? 0);
      return long > textMax ? this.#refuseValue(path, offset, `a text of more than ${textMax} characters; a policy has none`) : node.value;
    }
    this.#open.add(node);
    const value = isMap(node)
      ? this.#readMap(node, path)
      : isSeq(node)
        ? node.items.map((item, at) => this.read(item, [...path, at]))
        : null;
    this.#open.delete(node);
    return value;
  }

  #readAlias(alias: Alias, path: PolicyPath, key: KeyPlace | null): unknown {
    const offset = alias.range?.[0] ?? 0;
    const target = this.#targets.get(alias);
    if (!target) return this.#refuseValue(path, offset, `no anchor "&${alias.source}" before this`);
    if (this.#open.has(target)) return this.#refuseValue(path, offset, `the alias "*${alias.source}" contains itself`);
    return this.read(target, path, key);
  }

  #readMap(map: YAMLMap, path: PolicyPath): unknown {
    const value: Record<string, unknown> = { __proto__: null };
    const seen = new Map<string, number>();
    for (const pair of map.items) {
      const key = this.#readKey(pair, map);
      if (!key) continue;
      const before = seen.get(key.name);
      if (before !== undefined) {
        this.#refuse(key.offset, `"${key.name}" is written twice here; the first is on line ${positionIn(this.#lineStarts, before).line}`);
        continue;
      }
      seen.set(key.name, key.offset);
      value[key.name] = this.read(pair.value, [...path, key.name], key);
    }
    this.keys.set(spotName(path), [...seen.keys()]);
    return value;
  }

  #readKey(pair: Pair, map: YAMLMap): KeyPlace | null {
    const node = pair.key;
    const offset = (isNode(node) ? node.range?.[0] : undefined) ?? map.range?.[0] ?? 0;
    if (!isScalar(node) || node.value === null) {
      this.#refuse(offset, 'a key is plain text: "key: value"');
      return null;
    }
    const name = keyText(node);
    if (name.length > keyMax) return this.#refuse(offset, `a key of more than ${keyMax} characters`);
    if (name === '<<' && node.type === 'PLAIN') return this.#refuse(offset, 'merge keys (<<) are not taken; write the keys out');
    if (name === '__proto__') return this.#refuse(offset, '"__proto__" cannot be a name');
    return { name, offset };
  }

  #refuseValue(path: PolicyPath, offset: number, message: string): null {
    this.refused.add(spotName(path));
    return this.#refuse(offset, message);
  }

  #refuse(offset: number, message: string): null {
    this.problems.push({ offset, message });
    return null;
  }

  #stop(offset: number, message: string): null {
    if (this.stopped) return null;
    this.stopped = true;
    return this.#refuse(offset, message);
  }
}

/** The nodes that aliases stand for: each the last one before it with its anchor (YAML 1.2.2, section 7.1). */
function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const anchored = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const look = (node: unknown): void => {
    if (!isNode(node)) return;
    if (isAlias(node)) {
      const target = anchored.get(node.source);
      if (target !== undefined) targets.set(node, target);
      return;
    }
    if (node.anchor !== undefined && node.anchor !== '') anchored.set(node.anchor, node);
    if (isMap(node)) {
      for (const pair of node.items) {
        look(pair.key);
        look(pair.value);
      }
    } else if (isSeq(node)) for (const item of node.items) look(item);
  };
  look(document.contents);
  return targets;
}

/** A key as written: `8000: code` and `8k: code` are both text. */
function keyText(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}
