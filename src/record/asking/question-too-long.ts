/** A question took longer than whoever asks may make the record busy. */
export class QuestionTooLong extends Error {
  override readonly name = 'QuestionTooLong';

  constructor() {
    super('there is too much to look through; ask for a shorter time, with since and until');
  }
}
