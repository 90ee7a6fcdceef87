/**
 * What a reply that is not a success means, as its kind reads it. The texts stay in the record; callers get our own words.
 *
 * - `busy`: saturated now; `loading`: the model is being loaded; `absent`: this model is not there;
 * - `too_long`: the prompt does not fit the window; `rejected`: the request itself is refused (content policy, other 4xx);
 * - `unauthorised`: our key or configuration is wrong; `redirect`: it points elsewhere (never followed);
 * - `crashed`: the engine died; `failed`: any other failure.
 */
export interface Refusal {
  readonly meaning: 'busy' | 'loading' | 'absent' | 'too_long' | 'rejected' | 'unauthorised' | 'redirect' | 'crashed' | 'failed';
  readonly status: number;
  /** As the server asked, bounded to 0…60 s; null if unsaid. */
  readonly retryAfterMs: number | null;
  /** The server's own words, at most 500 characters: for the record, and as the reason where `rejected`. */
  readonly message: string;
}
