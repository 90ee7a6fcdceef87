import type { Json, Script } from './script.ts';

/** The model servers whose error bodies are known here. */
export type ServerStyle = 'openai' | 'vllm' | 'llamacpp' | 'lmstudio';

/** An error status with a JSON body. */
export function refusalScript(code: number, body: Json, options: { headers?: Readonly<Record<string, string>> } = {}): Script {
  const headers = Object.entries(options.headers ?? {}).map(([name, value]) => ({ do: 'header', name, value }) as const);
  return [{ do: 'status', code }, ...headers, { do: 'json', value: body }];
}

/** 429: every slot taken. `retryAfter` goes out as it is: seconds, a date, or nonsense. */
export function busyScript(retryAfter?: string | number): Script {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return refusalScript(429, openaiError('Too many requests in flight.', { type: 'rate_limit_error', code: 'rate_limit_exceeded' }), {
    headers,
  });
}

/** 503 of a server whose queue is full (Ollama's words). */
export function queueFullScript(): Script {
  return refusalScript(
    503,
    openaiError('server busy, please try again.  maximum pending requests exceeded', { type: 'api_error', code: null }),
  );
}

/** 503 while llama.cpp loads its model. */
export function loadingScript(): Script {
  return refusalScript(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } });
}

/** 500 as a crashed runner gives it. */
export function serverErrorScript(message = 'model runner has unexpectedly stopped, this may be due to resource limitations'): Script {
  return refusalScript(500, openaiError(message, { type: 'internal_server_error', code: null }));
}

/** 502 as a proxy before the server gives it: a page, no JSON. */
export function htmlErrorScript(code = 502): Script {
  return [
    { do: 'status', code },
    { do: 'header', name: 'content-type', value: 'text/html' },
    { do: 'body', bytes: `<html><body><h1>${code} Bad Gateway</h1></body></html>\r\n` },
  ];
}

/** 401: the upstream does not know our key. */
export function unauthorisedScript(): Script {
  return refusalScript(401, openaiError('Incorrect API key provided.', { type: 'invalid_request_error', code: 'invalid_api_key' }));
}

/** The model is not there, as each server says it. */
export function modelNotFoundScript(model: string, style: ServerStyle = 'openai'): Script {
  switch (style) {
    case 'openai':
      return refusalScript(
        404,
        openaiError(`The model \`${model}\` does not exist or you do not have access to it.`, {
          type: 'invalid_request_error',
          code: 'model_not_found',
        }),
      );
    case 'vllm':
      return refusalScript(404, {
        error: { message: `The model \`${model}\` does not exist.`, type: 'NotFoundError', param: 'model', code: 404 },
      });
    case 'llamacpp':
      return refusalScript(400, { error: { code: 400, message: `model '${model}' not found`, type: 'invalid_request_error' } });
    case 'lmstudio':
      return refusalScript(404, {
        error: {
          message: 'No models loaded. Please load a model in the developer page or use the `lms load` command.',
          type: 'invalid_request_error',
          param: 'model',
          code: 'model_not_found',
        },
      });
  }
}

/** The prompt is longer than the window, as each server says it. All of them answer 400. */
export function contextLengthScript(style: ServerStyle, tokens: { prompt: number; window: number }): Script {
  const { prompt, window } = tokens;
  switch (style) {
    case 'openai':
      return refusalScript(
        400,
        openaiError(
          `This model's maximum context length is ${window} tokens. However, your messages resulted in ${prompt} tokens. Please reduce the length of the messages.`,
          { type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages' },
        ),
      );
    case 'vllm':
      return refusalScript(400, {
        error: {
          message: `This model's maximum context length is ${window} tokens. However, your request has ${prompt} input tokens. Please reduce the length of the input messages.`,
          type: 'BadRequestError',
          param: null,
          code: 400,
        },
      });
    case 'llamacpp':
      return refusalScript(400, {
        error: {
          code: 400,
          message: `request (${prompt} tokens) exceeds the available context size (${window} tokens), try increasing it`,
          type: 'exceed_context_size_error',
          n_prompt_tokens: prompt,
          n_ctx: window,
        },
      });
    case 'lmstudio':
      // Its `error` is a plain string.
      return refusalScript(400, {
        error: `Trying to keep the first ${prompt} tokens when context the overflows. However, the model is loaded with context length of only ${window} tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input`,
      });
  }
}

/** 400 because the prompt breaks a content policy. */
export function contentPolicyScript(): Script {
  return refusalScript(
    400,
    openaiError('Your request was rejected by the content policy.', { type: 'invalid_request_error', code: 'content_policy_violation' }),
  );
}

/** 400 for a body the server does not understand. */
export function invalidRequestScript(message: string): Script {
  return refusalScript(400, openaiError(message, { type: 'invalid_request_error', code: null }));
}

/** A redirect, which nobody may follow. */
export function redirectScript(location: string, code = 307): Script {
  return [
    { do: 'status', code },
    { do: 'header', name: 'location', value: location },
  ];
}

/** OpenAI's error envelope. */
export function openaiError(message: string, options: { type: string; code: string | null; param?: string }): Json {
  return { error: { message, type: options.type, param: options.param ?? null, code: options.code } };
}
