import { gatewayError, isGatewayError } from '#core/errors/gateway-error.ts';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import { estimateTokens } from '#core/request/estimate-tokens.ts';
import type { SurfaceRequest } from '#surfaces/kind.ts';
import { isObject, readJsonBody } from '#surfaces/read-json-body.ts';

import { mustBe, wrongField } from './field-checks.ts';
import { readChat } from './read-chat.ts';
import { readMessages } from './read-messages.ts';

const modelCharsMax = 512;

/** Reads the body of `POST /v1/chat/completions`. Fields it does not know are left for the server. */
export function readChatRequest(bodyText: string): SurfaceRequest | GatewayError {
  const json = readJsonBody(bodyText);
  if (isGatewayError(json)) return json;
  const body = json.value;
  const model = body['model'];
  if (model === undefined || model === null) {
    return gatewayError('invalid_request', '"model" is missing; send "auto" to let the policy choose, or a name of GET /v1/models.', {
      param: 'model',
    });
  }
  if (typeof model !== 'string' || model === '' || model.length > modelCharsMax)
    return mustBe('model', `text of 1 to ${modelCharsMax} characters`);
  const wrong = wrongField(body);
  if (wrong !== null) return wrong;
  const messages = readMessages(body['messages']);
  if (isGatewayError(messages)) return messages;
  const metadata = body['metadata'];
  const hint = isObject(metadata) && Object.hasOwn(metadata, 'route') ? metadata['route'] : null;
  const options = body['stream_options'];
  return {
    model,
    routeHint: typeof hint === 'string' && hint !== '' ? hint : null,
    stream: body['stream'] === true,
    wantsUsage: isObject(options) && options['include_usage'] === true,
    choices: typeof body['n'] === 'number' ? body['n'] : 1,
    ...(isStrictSchema(body['response_format']) ? { jsonOnly: true } : {}),
    input: messages.input,
    tools: isFilledList(body['tools']) || isFilledList(body['functions']),
    promptTokens: estimateTokens(body),
    outputTokens: outputBound(body['max_completion_tokens']) ?? outputBound(body['max_tokens']),
    userTexts: messages.userTexts,
    systemText: messages.systemText,
    firstUserText: messages.firstUserText,
    bodyText: json.text,
    body,
    spans: json.spans,
    chat: () => readChat(body),
  };
}

/** Without `strict` a schema is a wish, and many servers do not know it. */
function isStrictSchema(format: unknown): boolean {
  if (!isObject(format) || format['type'] !== 'json_schema') return false;
  const schema = format['json_schema'];
  return isObject(schema) && schema['strict'] === true;
}

function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** Tokens asked for; null for what means "no bound". */
function outputBound(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}
