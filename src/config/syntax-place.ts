import { Lexer } from 'yaml';

/** Where a mistake of writing was made. The parser often notices only lines later, at the first thing that no longer fits. */
export interface SyntaxPlace {
  readonly offset: number;
  readonly message: string;
}

interface Lexeme {
  readonly offset: number;
  readonly text: string;
}

/** Lexemes that stand for no text: the start of a document, of a scalar, and the end of an interrupted flow. */
const signs = new Set(['\u0002', '\u0018', '\u001F']);

/** The lexemes that begin before an offset. */
function lexemesBefore(text: string, end: number): readonly Lexeme[] {
  const found: Lexeme[] = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (signs.has(lexeme)) continue;
    if (offset >= end) break;
    found.push({ offset, text: lexeme });
    offset += lexeme.length;
  }
  return found;
}

/** The innermost bracket that is open at an offset; null if none is. */
export function openBracket(text: string, end: number): SyntaxPlace | null {
  const open: number[] = [];
  for (const lexeme of lexemesBefore(text, end)) {
    if (lexeme.text === '[' || lexeme.text === '{') open.push(lexeme.offset);
    else if (lexeme.text === ']' || lexeme.text === '}') open.pop();
  }
  const offset = open.at(-1);
  return offset === undefined ? null : { offset, message: 'this bracket is not closed' };
}

/** The quotation mark that opens the text in which an offset stands; null if there is none. */
export function openQuote(text: string, end: number): SyntaxPlace | null {
  const lexeme = lexemesBefore(text, end).findLast((one) => one.text.startsWith('"') || one.text.startsWith("'"));
  return lexeme ? { offset: lexeme.offset, message: 'a quotation mark is opened and not closed' } : null;
}

interface Line {
  /** 1-based. */
  readonly number: number;
  readonly indent: number;
  /** Offset of the first character that is no blank. */
  readonly offset: number;
}

/** The lines that say something: neither blank nor only a remark. */
function linesOf(text: string): readonly Line[] {
  let start = 0;
  return text.split('\n').flatMap((line, at) => {
    const offset = start;
    start += line.length + 1;
    const indent = line.search(/[^ \r]/);
    return indent < 0 || line[indent] === '#' ? [] : [{ number: at + 1, indent, offset: offset + indent }];
  });
}

/** The line that fits no level, and the lines it should be compared with: any of them may be the one that is wrong. */
export function indentedDifferently(text: string, offset: number): SyntaxPlace | null {
  const lines = linesOf(text);
  // The parser points at the start of the line, or at the remarks before it.
  const at = lines.findIndex((line) => line.offset >= offset);
  const wrong = lines[at];
  if (!wrong) return null;
  const levels: { first: Line; last: Line }[] = [];
  for (const line of lines.slice(0, at)) {
    while ((levels.at(-1)?.last.indent ?? -1) > line.indent) levels.pop();
    const level = levels.at(-1);
    if (level?.last.indent === line.indent) level.last = line;
    else levels.push({ first: line, last: line });
  }
  const place = (message: string): SyntaxPlace => ({ offset: wrong.offset - wrong.indent, message });
  const deeper = levels.find((level) => level.first.indent > wrong.indent)?.first;
  const above = levels.findLast((level) => level.last.indent <= wrong.indent)?.last;
  if (!deeper && above?.indent === wrong.indent && text[wrong.offset] === '-') {
    return { offset: wrong.offset, message: 'an entry of a list among keys; is the key of the list missing above it?' };
  }
  if (deeper && above) return place(`this line is indented neither like line ${above.number} nor like line ${deeper.number}`);
  const other = deeper ?? above;
  return other ? place(`this line is indented differently from line ${other.number}`) : null;
}

/** Where a value seems to go on in the next line only because that line is indented too far; null if the value itself is at fault. */
export function indentedTooFar(text: string, offset: number): SyntaxPlace | null {
  const lines = linesOf(text);
  const at = lines.findLastIndex((line) => line.offset <= offset);
  const [line, next] = [lines[at], lines[at + 1]];
  if (!line || !next || next.indent <= line.indent) return null;
  const end = text.indexOf('\n', offset);
  if (/:(\s|$)/.test(text.slice(offset, end < 0 ? text.length : end).replace(/\s#.*$/, ''))) return null;
  return { offset: next.offset, message: `this line is indented too far: line ${line.number} has its value already` };
}
