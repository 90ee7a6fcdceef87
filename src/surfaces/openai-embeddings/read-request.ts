import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { estimateTokens } from '#core/request/estimate-tokens.ts';
import type { SurfaceRequest } from '#surfaces/kind.ts';
import { isObject, readJsonBody } from '#surfaces/read-json-body.ts';

const modelCharsMax = 512;
/** The most inputs of one request, as OpenAI bounds them. */
const inputsMax = 2048;
const dimensionsMax = 1_000_000;
const firstTextCharsMax = 2_000;

/** Reads the body of `POST /v1/embeddings`. Fields it does not know are left for the server. */
export function readEmbeddingsRequest(bodyText: string): SurfaceRequest | GatewayError {
  const json = readJsonBody(bodyText);
  if (isGatewayError(json)) return json;
  const body = json.value;
  const { model, metadata } = body;
  if (model === undefined || model === null) {
    return gatewayError('invalid_request', '"model" is missing; send "auto" to let the policy choose, or a name of GET /v1/models.', {
      param: 'model',
    });
  }
  if (typeof model !== 'string' || model === '' || model.length > modelCharsMax)
    return mustBe('model', `text of 1 to ${modelCharsMax} characters`);
  const inputs = readInputs(body['input']);
  if (isGatewayError(inputs)) return inputs;
  const wrong = wrongSetting(body);
  if (wrong !== null) return wrong;
  const hint = isObject(metadata) && Object.hasOwn(metadata, 'route') ? metadata['route'] : null;
  const [first] = inputs;
  return {
    model,
    routeHint: typeof hint === 'string' && hint !== '' ? hint : null,
    stream: false,
    wantsUsage: false,
    choices: 1,
    answers: inputs.length,
    ...(typeof body['dimensions'] === 'number' ? { vectorLength: body['dimensions'] } : {}),
    input: [],
    tools: false,
    // Each input has the window for itself: the longest one must fit.
    promptTokens: inputs.reduce((most, input) => Math.max(most, estimateTokens({ input })), 0),
    outputTokens: null,
    userTexts: [],
    systemText: '',
    firstUserText: typeof first === 'string' ? first.slice(0, firstTextCharsMax) : JSON.stringify(first).slice(0, firstTextCharsMax),
    bodyText: json.text,
    body,
    spans: json.spans,
  };
}

/**
 * What is to be embedded, one element each: a text, texts, the tokens of one text, or of several. Objects are refused: some servers take
 * them for media, and fetch those.
 */
function readInputs(input: unknown): readonly (string | readonly number[])[] | GatewayError {
  const expected = 'text, an array of texts, an array of tokens, or an array of arrays of tokens; none of them empty';
  if (typeof input === 'string') return input === '' ? mustBe('input', expected) : [input];
  if (!Array.isArray(input) || input.length === 0) return mustBe('input', expected);
  const elements: readonly unknown[] = input;
  if (isTokens(elements)) return [elements];
  if (elements.length > inputsMax) return mustBe('input', `an array of at most ${inputsMax} elements`);
  const inputs: (string | readonly number[])[] = [];
  for (const [index, element] of elements.entries()) {
    if (isText(element) || isTokens(element)) inputs.push(element);
    else return mustBe(`input[${index}]`, 'text or an array of tokens, not empty');
  }
  return inputs;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((token) => Number.isSafeInteger(token) && Number(token) >= 0);
}

function wrongSetting({ encoding_format: format, dimensions, metadata }: Readonly<Record<string, unknown>>): GatewayError | null {
  if (format !== undefined && format !== null && format !== 'float' && format !== 'base64')
    return mustBe('encoding_format', '"float" or "base64"');
  if (dimensions !== undefined && dimensions !== null) {
    const isCount = Number.isSafeInteger(dimensions) && Number(dimensions) > 0 && Number(dimensions) <= dimensionsMax;
    if (!isCount) return mustBe('dimensions', 'a whole number above 0');
  }
  return metadata === undefined || metadata === null || isObject(metadata) ? null : mustBe('metadata', 'an object');
}

function mustBe(param: string, expected: string): GatewayError {
  return gatewayError('invalid_request', `"${param}" must be ${expected}.`, { param });
}
