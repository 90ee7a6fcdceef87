/** What may stand for itself between the quotes of a JSON string: all but the quote, the backslash and control characters (RFC 8259, 7). */
const plainText = /^[ !#-[\]-\uffff]+$/;
/** A text that no server sends, and that is JSON only where a string is open. */
const probe = 'a frame’s probe';

/**
 * Recognizes an event that differs from the one before in one text alone. Nearly all events of a stream do, and need no parsing: what is before
 * the text and what is behind it has been parsed, and the text itself holds nothing that JSON would read as more than a character.
 */
export class TextFrame {
  #before = '';
  #behind = '';
  #known = false;

  /** The text in which this payload differs from the last one learnt; null if it has to be parsed. It is never empty. */
  textIn(data: string): string | null {
    if (!this.#known) return null;
    const end = data.length - this.#behind.length;
    if (end <= this.#before.length || !data.startsWith(this.#before) || !data.endsWith(this.#behind)) return null;
    const text = data.slice(this.#before.length, end);
    return plainText.test(text) ? text : null;
  }

  /**
   * Learns from a payload that was parsed and says `text` and nothing else; null if it says something else. `textOf` says the same of another
   * payload: asked with another text in its place, it proves that this place is the text and that nothing else depends on it. A frame is
   * proved when it comes the second time, so that events that never resemble each other cost no more.
   */
  learn(data: string, text: string | null, textOf: (data: string) => string | null): void {
    this.#known = false;
    const at = text === null || !plainText.test(text) ? -1 : data.lastIndexOf(`"${text}"`);
    if (text === null || at === -1) {
      this.#before = this.#behind = '';
      return;
    }
    const before = data.slice(0, at + 1);
    const behind = data.slice(at + 1 + text.length);
    this.#known = before === this.#before && behind === this.#behind && textOf(before + probe + behind) === probe;
    this.#before = before;
    this.#behind = behind;
  }
}
