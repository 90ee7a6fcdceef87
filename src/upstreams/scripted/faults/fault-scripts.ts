import { chatChunks, chatStream, chatStreamHead, chatWhole, chatWholeBody } from '#upstreams/scripted/chat-script.ts';
import type { Json, Script, Step } from '#upstreams/scripted/script.ts';
import { toldGate } from './fault.ts';
import type { FaultCall, FaultDice, FaultEnd, Form } from './fault.ts';

export const both: readonly Form[] = ['stream', 'whole'];
export const streamed: readonly Form[] = ['stream'];
export const wholes: readonly Form[] = ['whole'];

export const answered: FaultEnd = { then: 'answered' };

/** It failed before anything of the answer was out. */
export const failed = (alone: Extract<FaultEnd, { then: 'next' }>['alone']): FaultEnd => ({ then: 'next', result: 'failed', alone });

/** It failed in the middle of the answer. */
export const broken = (code: Extract<FaultEnd, { then: 'broken' }>['code']): FaultEnd => ({ then: 'broken', code });

export const asEvent = (data: Json): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** What a healthy machine sends. */
export function goodScript(call: FaultCall): Script {
  return call.form === 'whole' ? chatWhole(call.answer) : chatStream(call.answer, { includeUsage: call.includeUsage });
}

/** The chunks of the good stream, without its terminator. */
export function chunksOf({ answer, includeUsage }: FaultCall): readonly Json[] {
  return chatChunks(answer, { includeUsage });
}

/** The chunks of the good stream that come before it says why it ended. */
export function unfinished({ answer }: FaultCall): readonly Json[] {
  return chatChunks({ ...answer, finish: null });
}

/** A stream of which nothing of the answer is out: nothing after the head, or the role, or white space. */
export function begun(call: FaultCall, dice: FaultDice): Script {
  const blank: Json = { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: ' \n' }, finish_reason: null }] };
  const events = dice.pick<readonly Json[]>([[], unfinished(call).slice(0, 1), [...unfinished(call).slice(0, 1), blank]]);
  return [...chatStreamHead(), ...(events.length === 0 ? [] : [{ do: 'sse', events } as const])];
}

/** A stream that has said its first words, and waits until its caller holds them. */
export function spoken(call: FaultCall, dice: FaultDice): Script {
  const words = dice.int(1, call.answer.text.length - 1);
  return [...chatStreamHead(), { do: 'sse', events: unfinished(call).slice(0, 1 + words) }, { do: 'gate', name: toldGate }];
}

/** The bytes of the whole answer. */
export function wholeText({ answer }: FaultCall): string {
  return JSON.stringify(chatWholeBody(answer));
}

/** Status and headers of a JSON body of which its length is given. */
export function jsonHead(lengthBytes: number | null): Script {
  const length: readonly Step[] = lengthBytes === null ? [] : [{ do: 'header', name: 'content-length', value: String(lengthBytes) }];
  return [{ do: 'status', code: 200 }, { do: 'header', name: 'content-type', value: 'application/json' }, ...length];
}

/** A whole reply that promises its length and gives only a part of it. */
export function partOfWhole(call: FaultCall, dice: FaultDice): Script {
  const bytes = Buffer.from(wholeText(call));
  return [
    ...jsonHead(bytes.length),
    { do: 'body', bytes: { latin1: bytes.subarray(0, dice.int(0, bytes.length - 1)).toString('latin1') } },
  ];
}
