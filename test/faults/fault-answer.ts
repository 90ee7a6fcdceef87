import { chatStream, chatWhole } from '#upstreams/scripted/chat-script.ts';
import { readChatRequest } from '#upstreams/scripted/chat-request.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { faultDice } from '#upstreams/scripted/faults/fault.ts';
import type { FaultCall } from '#upstreams/scripted/faults/fault.ts';

/** Letters of one to four bytes, so that a cut has something to cut. */
const letters = ['a', 'é', '漢', '🦊'];

/** What a machine means to say to one request: every piece names the request, the machine and its place, so that a splice, a loss or a repeat shows. */
export function stampedPieces(nonce: string, machine: string): readonly string[] {
  const dice = faultDice(hashOf(`${nonce} ${machine}`));
  return Array.from({ length: dice.int(3, 7) }, (_, at) => `‹${nonce}.${machine}.${at}${dice.pick(letters)}›`);
}

/** The nonce that the caller hid in its prompt. */
export function nonceOf(log: RequestLog): string {
  return /#(\w+)#/.exec(log.bodyText)?.[1] ?? '';
}

/** What a machine was asked, as a fault wants to know it. */
export function faultCallOf(log: RequestLog, machine: string, elsewhere: string): FaultCall {
  const asked = readChatRequest(log.json);
  if (asked === null) throw new Error(`no chat request: ${log.bodyText.slice(0, 200)}`);
  return callOf({ nonce: nonceOf(log), machine, elsewhere }, asked);
}

/** The same from the caller's side, who knows nothing of the machine's model. */
export function callOf(
  of: { readonly nonce: string; readonly machine: string; readonly elsewhere: string },
  asked: { readonly stream: boolean; readonly includeUsage: boolean; readonly model: string },
): FaultCall {
  return {
    form: asked.stream ? 'stream' : 'whole',
    answer: {
      model: asked.model,
      id: `chatcmpl-${of.nonce}`,
      text: stampedPieces(of.nonce, of.machine),
      usage: { prompt_tokens: 12, completion_tokens: 3 },
    },
    includeUsage: asked.includeUsage,
    elsewhere: of.elsewhere,
  };
}

/** The answer of a machine that is well. */
export function wellScript(call: FaultCall): Script {
  return call.form === 'whole' ? chatWhole(call.answer) : chatStream(call.answer, { includeUsage: call.includeUsage });
}

/** A small number from a text (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
