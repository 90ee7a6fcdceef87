/**
 * Every error a caller can meet: its HTTP status, its type in the OpenAI and Anthropic envelopes, whether retrying can help, and
 * what to do about it. The page of errors in docs is checked against this table.
 */
export interface ErrorRow {
  readonly status: number;
  readonly openaiType: string;
  readonly anthropicType: string;
  /** False where the same request can never succeed unchanged; sent as `x-should-retry: false`. */
  readonly retry: boolean;
  readonly remedy: string;
}

const row = (status: number, openaiType: string, anthropicType: string, retry: boolean, remedy: string): ErrorRow => ({
  status,
  openaiType,
  anthropicType,
  retry,
  remedy,
});

const bad = (remedy: string, retry = true): ErrorRow => row(502, 'upstream_error', 'api_error', retry, remedy);

export const errorCatalog = {
  invalid_request: row(400, 'invalid_request_error', 'invalid_request_error', false, 'Correct the named place in the request.'),
  context_length_exceeded: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    false,
    'Shorten the prompt, ask for less output, or give the route a target with a larger window.',
  ),
  key_missing: row(
    401,
    'authentication_error',
    'authentication_error',
    false,
    'Send "Authorization: Bearer gh_…"; make one with: gatehouse keys new',
  ),
  key_unknown: row(401, 'authentication_error', 'authentication_error', false, 'make one with: gatehouse keys new'),
  scope_denied: row(
    403,
    'permission_error',
    'permission_error',
    false,
    'Ask for something the key’s profile allows, or use a key of another profile.',
  ),
  egress_forbidden: row(
    403,
    'permission_error',
    'permission_error',
    false,
    'The tier keeps this request in the house and the route has no machine there; choose another route.',
  ),
  model_not_found: row(404, 'invalid_request_error', 'not_found_error', false, 'Use a name that GET /v1/models lists.'),
  not_found: row(404, 'invalid_request_error', 'not_found_error', false, 'See the README for the paths that are served.'),
  method_not_allowed: row(405, 'invalid_request_error', 'invalid_request_error', false, 'Use the method named in the Allow header.'),
  caller_too_slow: row(
    408,
    'invalid_request_error',
    'invalid_request_error',
    true,
    'Send the whole body, and read the answer as it comes.',
  ),
  too_large: row(413, 'invalid_request_error', 'request_too_large', false, 'Send a smaller body.'),
  unsupported_media: row(415, 'invalid_request_error', 'invalid_request_error', false, 'Send JSON with "Content-Type: application/json".'),
  unknown_host: row(421, 'invalid_request_error', 'invalid_request_error', false, 'Add the name to "hosts:" in the policy.'),
  headers_too_large: row(431, 'invalid_request_error', 'invalid_request_error', false, 'Send smaller headers.'),
  saturated: row(429, 'rate_limit_error', 'rate_limit_error', true, 'Every machine that may answer is busy; try again after Retry-After.'),
  rate_limited: row(429, 'rate_limit_error', 'rate_limit_error', true, 'Too many requests; try again after Retry-After.'),
  internal: row(500, 'server_error', 'api_error', true, 'This is a fault of the gatehouse; its log has the details under the request id.'),
  upstream_empty: bad('The model answered nothing; try again or another route.'),
  upstream_reasoning_exhausted: bad('The model spent its whole output on reasoning; raise max_tokens or lower the reasoning effort.'),
  upstream_truncated: bad('The answer ended before it was finished; try again.'),
  upstream_stream_broken: bad('The connection to the machine broke in the middle of the answer; try again.'),
  upstream_not_as_asked: bad('The model did not keep to the form that was asked for (JSON, or the vectors); try again or another route.'),
  upstream_bad_gateway: bad('The machine answered with an error; try again or look at gatehouse status.'),
  upstream_redirect: bad('The machine answered with a redirect, which is never followed; correct its url in the policy.', false),
  upstream_unauthorised: bad('The machine refused our key; correct the upstream’s key in the policy.', false),
  upstream_rejected: row(
    400,
    'invalid_request_error',
    'invalid_request_error',
    false,
    'The machine refused the request for the reason given.',
  ),
  upstream_crashed: bad('This request took two machines down; it is refused for ten minutes.', false),
  no_route: row(503, 'service_unavailable', 'overloaded_error', true, 'No machine that may answer is up; look at gatehouse status.'),
  model_loading: row(503, 'model_loading', 'overloaded_error', true, 'The model is being loaded; try again after Retry-After.'),
  record_unavailable: row(
    503,
    'service_unavailable',
    'api_error',
    true,
    'The record cannot be written; look at the disk of the data folder.',
  ),
  draining: row(503, 'service_unavailable', 'overloaded_error', true, 'The gatehouse is shutting down; try again in a moment.'),
  upstream_stalled: row(504, 'timeout_error', 'api_error', true, 'The machine fell silent; try again or another route.'),
  timeout: row(504, 'timeout_error', 'api_error', true, 'The answer took longer than the clock allows; raise the clock or ask for less.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorCatalog;
