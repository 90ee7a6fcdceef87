import { toldGate } from '#upstreams/scripted/faults/fault.ts';
import { expectedEnd } from './expected-end.ts';
import { sendAsClient } from './fault-client.ts';
import type { FaultClient } from './fault-client.ts';
import type { RecordLine } from './fault-house.ts';
import { judgeAnswer } from './judge-answer.ts';
import { judgeRecord } from './judge-record.ts';
import type { FaultRequest } from './round.ts';
import { until } from './stage.ts';
import type { Stage } from './stage.ts';

/** A request under way. */
export interface Sent {
  readonly client: FaultClient;
  /** The record as it was when the reply ended. */
  readonly atEnd: () => readonly RecordLine[] | null;
}

/** Sends a request as its client would. */
export function send({ house, machines }: Stage, { nonce, route, form, candidates }: FaultRequest): Sent {
  let atEnd: readonly RecordLine[] | null = null;
  const script = candidates[0]?.fault?.client;
  // Something to be cut in the upload.
  const padding = script?.does === 'leaves' && script.at === 'upload' ? 'x'.repeat(100_000) : '';
  const body = JSON.stringify({
    model: `lab/${route}`,
    messages: [{ role: 'user', content: `Say something, #${nonce}# ${padding}` }],
    ...(form === 'stream' ? { stream: true } : {}),
  });
  const client = sendAsClient(house.origin, {
    key: house.key,
    body,
    client: script,
    onText: (text) => {
      if (!text.includes('‹')) return;
      for (const machine of machines.values()) machine.open(toldGate, nonce);
    },
    onEnd: () => {
      atEnd = house.record();
    },
  });
  return { client, atEnd: () => atEnd };
}

/** Sends a request to machines as they are, and judges what its caller heard and what the record says. */
export async function askOn(stage: Stage, request: FaultRequest): Promise<void> {
  const expected = expectedEnd(request.candidates);
  const { client, atEnd } = send(stage, request);
  const heard = await client.heard;
  for (const problem of judgeAnswer(heard, request, expected)) stage.wrong.push(`request ${request.nonce}: ${problem}`);
  for (const problem of await judgeRecord(stage, request, { heard, expected, atEnd: atEnd() }))
    stage.wrong.push(`request ${request.nonce}: ${problem}`);
}

/** What a client does only after something has happened elsewhere. */
export async function actAsClient(stage: Stage, { nonce, candidates }: FaultRequest, client: FaultClient): Promise<void> {
  const [first] = candidates;
  const script = first?.fault?.client;
  const machine = stage.machines.get(first?.machine ?? '');
  if (!script || !machine) return;
  if (script.does === 'leaves' && script.at === 'waiting') {
    await until(() => machine.chats(nonce).length > 0, 'the machine is asked', stage);
    client.leave();
  }
  if (script.does === 'reads_nothing' && script.until === 'total') {
    await client.headSeen;
    await until(
      () => stage.house.record().some((line) => line.type === 'terminal' && line.id === client.id()),
      'its attempt is over',
      stage,
    );
    client.read();
  }
}
