/** What reached the disk before an answer went out, as the kernel saw it; and what is left of the record when the power goes. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { answering, startModelServer } from '#test/e2e/model-server.ts';
import { diceOf } from '#test/sim/random.ts';
import { diskAfter, readDiskTrace, tracedCalls } from './disk-trace.ts';
import type { DiskEvent } from './disk-trace.ts';
import { openRecord, recordFolder } from './record-stage.ts';
import { verifyRecord } from './verify-record.ts';

const skip = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status !== 0 && 'strace is not installed';

interface Traced {
  readonly events: readonly DiskEvent[];
  readonly folder: string;
  /** The whole answers in their order: the id, and whether it was streamed. */
  readonly answers: readonly { readonly id: string; readonly stream: boolean }[];
}

async function traceHouse(t: TestContext, calls: number): Promise<Traced> {
  const root = recordFolder(t);
  const folder = join(root, 'data');
  const trace = join(root, 'trace');
  const machine = await startModelServer('spark', ['spark'], answering({ text: ['he', 'llo'] }));
  t.after(() => machine.server.close());
  const policy = join(root, 'gatehouse.yaml');
  writeFileSync(
    policy,
    `version: 1\nhouse: lab\nupstreams:\n  spark: { kind: vllm, url: "${machine.server.url}", slots: 8, models: { spark: { context: 32k } } }\nroutes: { chat: { target: spark } }\n`,
  );
  const program = [process.execPath, join(import.meta.dirname, 'crash-house.ts'), folder, policy];
  const strace = spawn('strace', ['-f', '-y', '-xx', '-s', '1000000', '-e', `trace=${tracedCalls}`, '-o', trace, ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(strace.stdout, 'data');
  const { address, key, pid } = JSON.parse(String(line)) as { readonly address: string; readonly key: string; readonly pid: number };
  const answers: { id: string; stream: boolean }[] = [];
  for (let call = 0; call < calls; call++) {
    const stream = call % 2 === 0;
    const answer = await fetch(`http://${address}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'lab/chat', stream, messages: [{ role: 'user', content: `hello ${call}` }] }),
    });
    assert.equal(answer.status, 200, await answer.text().catch(String));
    answers.push({ id: answer.headers.get('x-gatehouse-request-id') ?? '', stream });
  }
  process.kill(pid, 'SIGKILL');
  await once(strace, 'exit');
  return { events: readDiskTrace(readFileSync(trace, 'latin1')), folder, answers };
}

/** Where the end of each answer was sent: its last event, or its whole body. */
function endsSent({ events, answers }: Traced): readonly number[] {
  const places = (passes: (bytes: Buffer) => boolean): number[] =>
    events.flatMap((event, place) => (event.type === 'sent' && passes(event.bytes) ? [place] : []));
  const streams = places((bytes) => bytes.includes('data: [DONE]') && !bytes.includes('POST /'));
  let streamed = 0;
  return answers.map(
    ({ id, stream }) => (stream ? streams[streamed++] : places((bytes) => bytes.includes(`x-gatehouse-request-id: ${id}`))[0]) ?? -1,
  );
}

test(
  'between an answer’s terminal and its last bytes lies a sync; and a cut of power loses nothing that was answered',
  { skip },
  async (t) => {
    const traced = await traceHouse(t, 8);
    const { events, folder, answers } = traced;
    const log = join(folder, 'record.db-wal');
    const sent = endsSent(traced);
    for (const [index, { id }] of answers.entries()) {
      const end = sent[index] ?? -1;
      assert.ok(end > 0, `${id} was not seen to be answered`);
      const written = events.findIndex((event) => event.type === 'write' && event.path === log && holdsTerminal(event.bytes, id));
      assert.ok(written >= 0 && written < end, `${id}: its terminal was not written before its end`);
      const synced = events.findIndex((event, place) => place > written && event.type === 'synced' && event.path === log);
      assert.ok(synced >= 0 && synced < end, `${id}: its terminal was not synced before its end`);
    }

    const seed = randomInt(2 ** 31);
    const dice = diceOf(seed);
    for (let cut = 0; cut < 12; cut++) {
      const at = dice.int(sent[0] ?? 0, events.length);
      // Nothing that was not synced is left; or some of it is.
      const disk = diskAfter(events.slice(0, at), () => cut % 2 === 1 && dice.chance(0.5));
      const rest = join(recordFolder(t), 'rest');
      mkdirSync(rest, { mode: 0o700 });
      copyFileSync(join(folder, 'record-key.pem'), join(rest, 'record-key.pem'));
      for (const name of ['record.db', 'record.db-wal']) writeFileSync(join(rest, name), disk.get(join(folder, name)) ?? '');
      await (await openRecord(rest)).close();
      const { records } = verifyRecord(rest);
      const results = new Map(records.map(({ id, result }) => [id, result]));
      for (const [index, { id }] of answers.entries())
        if ((sent[index] ?? 0) < at) assert.equal(results.get(id), 'ok', `seed ${seed}, cut ${cut} at ${at}: ${id} was answered`);
    }
  },
);

function holdsTerminal(bytes: Buffer, id: string): boolean {
  const place = bytes.indexOf('"type":"terminal"');
  if (place < 0) return false;
  return [...bytes.toString('latin1').matchAll(/"type":"terminal","at":[\d.]+,"id":"([^"]+)"/g)].some((found) => found[1] === id);
}
