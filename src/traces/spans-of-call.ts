import { upstreamOf } from '#core/fleet/health.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { AttemptRecord, Intent, Terminal } from '#core/record/record.ts';
import { reasonLine } from '#core/routing/explain.ts';
import { conversationOf } from './conversation.ts';
import type { Conversation, SaidWords, ToldMessage } from './conversation.ts';
import type { AttributeValue, Attributes, Span } from './span.ts';

/** One call that has ended. */
export interface EndedCall {
  readonly intent: Intent;
  readonly terminal: Terminal;
  /** The words of request and answer, where they may be told; null where not. */
  readonly said: SaidWords | null;
}

/** `digest`: SHA-256 in hex. The same call always has the same ids. */
type Digest = (text: string) => string;

/**
 * A call as spans: one for the call itself, and below it one for each attempt, which carries model and tokens. Both vocabularies are
 * spoken, OpenTelemetry's `gen_ai.*` (1.45) and OpenInference's, so that Langfuse and Phoenix each find their own.
 */
export function spansOfCall(
  { intent, terminal, said }: EndedCall,
  { tables, digest }: { readonly tables: PolicyTables; readonly digest: Digest },
): readonly Span[] {
  const traceId = digest(`trace ${intent.id}`).slice(0, 32);
  const spanId = digest(`span ${intent.id}`).slice(0, 16);
  const startMs = terminal.at - terminal.durationMs;
  const conversation = said === null ? null : conversationOf(intent.surface, said);
  const place = { traceId, startMs, tables, operation: operationOf(intent), intent };
  const call: Span = {
    traceId,
    spanId,
    parentSpanId: null,
    name: `${place.operation} ${intent.decision?.route ?? intent.facts?.model ?? intent.surface}`,
    kind: 'server',
    startMs,
    endMs: terminal.at,
    attributes: known({ ...callAttributes(intent, terminal, tables), ...textAttributes(said, conversation) }),
    error: terminal.result === 'ok' ? null : (terminal.message ?? terminal.result),
  };
  // The words belong to whoever answered; of others only the end is told.
  const answeredAt = terminal.attempts.findLastIndex(({ result, target }) => result === 'answered' && target === terminal.servedBy);
  const attempts = terminal.attempts.map((attempt, index) => {
    const span = attemptSpan(attempt, place);
    return {
      ...span,
      attributes: index === answeredAt ? { ...span.attributes, ...messageAttributes(conversation) } : span.attributes,
      spanId: digest(`span ${intent.id} ${index}`).slice(0, 16),
      parentSpanId: spanId,
    };
  });
  return [call, ...attempts];
}

function operationOf({ facts, surface }: Intent): string {
  return facts?.service ?? surface;
}

function callAttributes(intent: Intent, terminal: Terminal, tables: PolicyTables): Partial<Record<string, AttributeValue | null>> {
  const { facts, decision } = intent;
  return {
    'openinference.span.kind': 'CHAIN',
    'session.id': facts?.session ?? null,
    'user.id': intent.principal,
    'tag.tags': intent.task === null ? null : [intent.task],
    'gatehouse.id': intent.id,
    'gatehouse.surface': intent.surface,
    'gatehouse.profile': facts?.profile ?? null,
    'gatehouse.tier': facts?.tier ?? null,
    'gatehouse.task': intent.task,
    'gatehouse.route': decision?.route ?? null,
    'gatehouse.bucket': decision?.bucket ?? null,
    'gatehouse.reason': decision === null ? null : reasonLine(decision),
    'gatehouse.policy': intent.policyHash,
    'gatehouse.result': terminal.result,
    'gatehouse.verdict': terminal.verdict,
    'gatehouse.target': terminal.servedBy,
    'gatehouse.cost': amount(terminal.costNano),
    'gatehouse.currency': terminal.costNano === null ? null : (tables.policy.cost?.currency ?? null),
    'http.response.status_code': terminal.status,
    'error.type': terminal.code,
  };
}

function textAttributes(said: SaidWords | null, conversation: Conversation | null): Partial<Record<string, AttributeValue | null>> {
  if (said === null || conversation === null) return {};
  return {
    'input.value': said.request,
    'input.mime_type': 'application/json',
    'output.value': conversation.body,
    'output.mime_type': conversation.body === null ? null : 'application/json',
  };
}

/** What was said, message by message: once for those who read a list of OpenInference's attributes, once as JSON for the others. */
function messageAttributes(conversation: Conversation | null): Attributes {
  if (conversation === null || conversation.messages.length === 0) return {};
  const { messages, leftOut, answer, parameters } = conversation;
  return known({
    'input.value': JSON.stringify(messages.map(plainMessage)),
    'input.mime_type': 'application/json',
    ...Object.assign({}, ...messages.map((message, at) => listedMessage(`llm.input_messages.${at}.message`, message))),
    'gatehouse.messages_left_out': leftOut === 0 ? null : leftOut,
    'llm.invocation_parameters': Object.keys(parameters).length === 0 ? null : JSON.stringify(parameters),
    'output.value': answer === null ? null : JSON.stringify(plainMessage(answer)),
    'output.mime_type': answer === null ? null : 'application/json',
    ...(answer === null ? {} : listedMessage('llm.output_messages.0.message', answer)),
  });
}

function plainMessage({ role, text, calls, callId }: ToldMessage): object {
  return {
    role,
    content: text,
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map(({ id, name, arguments: given }) => ({ id, type: 'function', function: { name, arguments: given } })) }),
    ...(callId === null ? {} : { tool_call_id: callId }),
  };
}

function listedMessage(path: string, { role, text, calls, callId }: ToldMessage): Partial<Record<string, AttributeValue | null>> {
  const entries: [string, AttributeValue | null][] = [
    [`${path}.role`, role],
    [`${path}.content`, text === '' ? null : text],
    [`${path}.tool_call_id`, callId],
  ];
  for (const [at, call] of calls.entries()) {
    const place = `${path}.tool_calls.${at}.tool_call`;
    entries.push([`${place}.id`, call.id], [`${place}.function.name`, call.name], [`${place}.function.arguments`, call.arguments]);
  }
  return Object.fromEntries(entries);
}

function attemptSpan(
  attempt: AttemptRecord,
  of: {
    readonly traceId: string;
    readonly startMs: number;
    readonly tables: PolicyTables;
    readonly operation: string;
    readonly intent: Intent;
  },
): Omit<Span, 'spanId' | 'parentSpanId'> {
  const target = of.tables.targets.get(attempt.target);
  const model = target?.model ?? attempt.target;
  const startMs = of.startMs + attempt.startedMs;
  const { input = null, output = null } = attempt.usage ?? {};
  return {
    traceId: of.traceId,
    name: `${of.operation} ${model}`,
    kind: 'client',
    startMs,
    endMs: startMs + attempt.endMs,
    attributes: known({
      'openinference.span.kind': of.operation === 'embeddings' ? 'EMBEDDING' : 'LLM',
      'session.id': of.intent.facts?.session ?? null,
      'user.id': of.intent.principal,
      'langfuse.observation.type': of.operation === 'embeddings' ? 'embedding' : 'generation',
      'langfuse.observation.completion_start_time':
        attempt.firstTokenMs === null ? null : JSON.stringify(new Date(startMs + attempt.firstTokenMs).toISOString()),
      'langfuse.observation.cost_details': attempt.costNano === null ? null : JSON.stringify({ total: attempt.costNano / 1e9 }),
      'gen_ai.operation.name': of.operation,
      'gen_ai.provider.name': of.tables.upstreams.get(upstreamOf(attempt.target))?.kind ?? null,
      'gen_ai.request.model': model,
      'gen_ai.response.model': attempt.model,
      'gen_ai.usage.input_tokens': input,
      'gen_ai.usage.output_tokens': output,
      'gen_ai.usage.cache_read.input_tokens': attempt.usage?.cachedInput ?? null,
      'gen_ai.usage.reasoning.output_tokens': attempt.usage?.reasoning ?? null,
      'llm.model_name': attempt.model ?? model,
      'llm.token_count.prompt': input,
      'llm.token_count.completion': output,
      'llm.token_count.prompt_details.cache_read': attempt.usage?.cachedInput ?? null,
      'llm.token_count.completion_details.reasoning': attempt.usage?.reasoning ?? null,
      'llm.token_count.total': input === null || output === null ? null : input + output,
      'server.address': attempt.address,
      'http.response.status_code': attempt.status,
      'gatehouse.upstream': upstreamOf(attempt.target),
      'gatehouse.result': attempt.result,
      'gatehouse.verdict': attempt.verdict,
      'gatehouse.energy_mws': attempt.energyMws,
      'error.type': attempt.result === 'answered' ? null : attempt.result,
    }),
    error: attempt.result === 'answered' || attempt.result === 'cancelled' ? null : attempt.result,
  };
}

function amount(nano: number | null): number | null {
  return nano === null ? null : nano / 1e9;
}

function known(attributes: Partial<Record<string, AttributeValue | null>>): Attributes {
  const entries: [string, AttributeValue][] = [];
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) entries.push([key, value]);
  return Object.fromEntries(entries);
}
