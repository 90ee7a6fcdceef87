/** The callers of the bench, a process of its own. It does one job after the other, each a message, and answers with what it saw. */
import { Agent, request as startRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { sharedMicros } from './shared-clock.ts';
import type { Job, Seen, StreamsJob, WholeJob } from './job.ts';

/** Whoever listens, at one port: the gateway, the reference, or the model server itself. */
interface Door {
  readonly port: number;
  readonly key: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 4_096, scheduling: 'lifo' });
/** 1,000 characters: a short question with what it is about. */
const prompt = 'Which of the two valves has to close first when the pump is stopped by hand, and why is that so? '
  .repeat(10)
  .slice(0, 1_000);

process.on('message', (job: Job) => void run(job).then((seen) => process.send?.(seen)));
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });

async function run(job: Job): Promise<Seen> {
  return job.type === 'whole' ? askWhole(job) : askStreams(job);
}

/** So many callers, each asking again as soon as it has its answer. */
async function askWhole(job: WholeJob): Promise<Seen> {
  let left = job.requests;
  let failed = 0;
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const { status, text } = await wholeAnswer(job).catch(() => ({ status: 0, text: '' }));
      if (status !== 200 || !text.includes('"finish_reason":"stop"')) failed++;
    }
  };
  await Promise.all(Array.from({ length: job.callers }, caller));
  return { events: 0, failed, firstMs: [], gapMs: [] };
}

async function wholeAnswer(job: WholeJob): Promise<{ readonly status: number; readonly text: string }> {
  const response = await ask(job, { model: 'bench/auto' });
  let text = '';
  response.setEncoding('latin1');
  for await (const piece of response) text += String(piece);
  return { status: response.statusCode ?? 0, text };
}

/** Starts one stream after the other at an even pace, and reads them all to their end. */
async function askStreams(job: StreamsJob): Promise<Seen> {
  const seen = { events: 0, failed: 0, firstMs: [] as number[], gapMs: [] as number[] };
  const beganAt = performance.now();
  const streams = Array.from({ length: job.streams }, async (_, index) => {
    await until(beganAt + (index * job.overMs) / job.streams);
    await readStream(job, seen).catch(() => seen.failed++);
  });
  await Promise.all(streams);
  return seen;
}

/** Every event must come, in its place and once; what it waited on the way is the difference of the gaps at both ends. */
async function readStream(job: StreamsJob, seen: { events: number; failed: number; firstMs: number[]; gapMs: number[] }): Promise<void> {
  const askedAt = sharedMicros();
  const response = await ask(job, { model: 'bench/auto', stream: true, user: `events=${job.events} every=${job.everyMs}` });
  let before: { readonly written: number; readonly read: number } | null = null;
  let next = 0;
  let text = '';
  response.setEncoding('latin1');
  await new Promise<void>((resolve, reject) => {
    response.on('data', (piece: string) => {
      const read = sharedMicros();
      text += piece;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const said = /"content":" (\d+)@(\d+)"/.exec(text.slice(0, end));
        text = text.slice(end + 2);
        if (!said) continue;
        if (Number(said[1]) !== next++) return reject(new Error('an event is missing, or came twice'));
        seen.events++;
        const written = Number(said[2]);
        if (before === null) seen.firstMs.push((read - askedAt) / 1_000);
        else seen.gapMs.push((read - before.read - (written - before.written)) / 1_000);
        before = { written, read };
        if (next === job.events) ended = true;
      }
    });
    let ended = false;
    response.on('error', reject);
    response.on('close', () => (ended && response.complete ? resolve() : reject(new Error('the stream is not whole'))));
  });
}

function ask(door: Door, body: object): Promise<IncomingMessage> {
  const bytes = Buffer.from(JSON.stringify({ ...body, messages: [{ role: 'user', content: prompt }] }));
  return new Promise((resolve, reject) => {
    startRequest(
      {
        agent,
        host: '127.0.0.1',
        port: door.port,
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { authorization: `Bearer ${door.key}`, 'content-type': 'application/json', 'content-length': bytes.length },
      },
      resolve,
    )
      .on('error', reject)
      .end(bytes);
  });
}

function until(moment: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, moment - performance.now())));
}
