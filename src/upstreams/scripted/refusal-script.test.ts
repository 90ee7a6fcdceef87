import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  busyScript,
  contentPolicyScript,
  contextLengthScript,
  htmlErrorScript,
  invalidRequestScript,
  loadingScript,
  modelNotFoundScript,
  queueFullScript,
  redirectScript,
  serverErrorScript,
  unauthorisedScript,
} from './refusal-script.ts';
import type { Script } from './script.ts';

/** Status, headers and body as they would go out, on one line. */
function shown(script: Script): string {
  return script
    .map((step) => {
      if (step.do === 'status') return String(step.code);
      if (step.do === 'header') return `${step.name}: ${step.value ?? ''}`;
      return step.do === 'json' ? JSON.stringify(step.value) : step.do;
    })
    .join(' ');
}

const TOKENS = { prompt: 900, window: 512 };

const CASES: readonly (readonly [name: string, script: Script, expected: RegExp])[] = [
  ['busy, with whatever Retry-After', busyScript('Wed, 21 Oct 2026 07:28:00 GMT'), /^429 retry-after: Wed, 21 Oct .*rate_limit_exceeded/],
  ['busy without Retry-After', busyScript(), /^429 \{"error"/],
  ['queue full', queueFullScript(), /^503 .*server busy/],
  ['loading', loadingScript(), /^503 \{"error":\{"code":503,"message":"Loading model","type":"unavailable_error"\}\}$/],
  ['a crash', serverErrorScript(), /^500 .*model runner has unexpectedly stopped/],
  ['a page', htmlErrorScript(), /^502 content-type: text\/html body$/],
  ['an unknown key', unauthorisedScript(), /^401 .*invalid_api_key/],
  ['content policy', contentPolicyScript(), /^400 .*content_policy_violation/],
  ['nonsense', invalidRequestScript('No.'), /^400 .*"No\."/],
  ['a redirect', redirectScript('http://192.0.2.1/'), /^307 location: http:\/\/192\.0\.2\.1\/$/],
  ['unknown model, OpenAI', modelNotFoundScript('m'), /^404 .*model_not_found/],
  ['unknown model, vLLM', modelNotFoundScript('m', 'vllm'), /^404 .*NotFoundError/],
  ['unknown model, llama.cpp', modelNotFoundScript('m', 'llamacpp'), /^400 /],
  ['unknown model, LM Studio', modelNotFoundScript('m', 'lmstudio'), /^404 .*No models loaded/],
  ['context, OpenAI', contextLengthScript('openai', TOKENS), /^400 .*maximum context length is 512 .*context_length_exceeded/],
  ['context, vLLM', contextLengthScript('vllm', TOKENS), /^400 .*maximum context length is 512 tokens.*"code":400/],
  ['context, llama.cpp', contextLengthScript('llamacpp', TOKENS), /^400 .*exceed_context_size_error","n_prompt_tokens":900,"n_ctx":512/],
  ['context, LM Studio', contextLengthScript('lmstudio', TOKENS), /^400 \{"error":"Trying to keep the first 900 tokens/],
];

for (const [name, script, expected] of CASES) test(`refusal: ${name}`, () => assert.match(shown(script), expected));
