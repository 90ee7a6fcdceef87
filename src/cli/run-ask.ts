import type { OperatorReply } from '#egress/operator-socket.ts';
import { dataFolderOf } from './data-folder.ts';
import { CliStop, exitCodes } from './exit-codes.ts';
import { ask, errorText } from './operator.ts';
import { readBytes, readInput } from './read-input.ts';
import { painter } from './shell.ts';
import type { Shell } from './shell.ts';

/** What `gatehouse ask` was asked. */
export interface AskOptions {
  readonly model?: string;
  readonly profile?: string;
  readonly image?: string;
  readonly system?: string;
  readonly data?: string;
  readonly json?: true;
}

/** Asks the running house; gives the exit code. */
export async function runAsk(text: string, options: AskOptions, shell: Shell): Promise<number> {
  const stream = options.json !== true;
  const content = options.image === undefined ? questionOf(text) : [{ type: 'text', text: questionOf(text) }, imagePart(options.image)];
  const system = options.system === undefined ? [] : [{ role: 'system', content: options.system }];
  const query = options.profile === undefined ? '' : `?profile=${encodeURIComponent(options.profile)}`;
  const leave = new AbortController();
  const cancel = (): void => leave.abort();
  process.once('SIGINT', cancel);
  try {
    const reply = await ask(dataFolderOf(options.data, shell), {
      method: 'POST',
      path: `/v1/chat/completions${query}`,
      body: { model: options.model ?? 'auto', messages: [...system, { role: 'user', content }], ...(stream ? { stream } : {}) },
      signal: leave.signal,
    });
    if (stream) shell.err(painter(shell, shell.errIsTty)('dim', `${routeLine(reply)}\n`));
    if (reply.status !== 200 || !stream) return await whole(reply, options, shell);
    return await streamed(reply, shell);
  } catch (error) {
    if (leave.signal.aborted) return 130;
    throw error;
  } finally {
    process.removeListener('SIGINT', cancel);
  }
}

function questionOf(text: string): string {
  return text === '-' ? readInput('-') : text;
}

/** `homelab/code · ubuntu-6000/glm-4.5-air-awq · words:coding`; what the head does not say is left out. */
function routeLine({ headers }: OperatorReply): string {
  const said = (name: string): string | undefined => headers[`x-gatehouse-${name}`];
  const [upstream, model] = [said('upstream'), said('model')];
  const target = upstream === undefined ? undefined : model === undefined ? upstream : `${upstream}/${model}`;
  return [said('route'), target, said('reason'), said('request-id')].filter((part) => part !== undefined && part !== '').join(' · ');
}

async function whole(reply: OperatorReply, options: AskOptions, shell: Shell): Promise<number> {
  const body = await reply.text();
  if (options.json === true) shell.out(body.endsWith('\n') ? body : `${body}\n`);
  if (reply.status === 200) return exitCodes.ok;
  if (options.json !== true) throw new CliStop(exitCodes.violated, errorText(body, reply.status));
  return exitCodes.violated;
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly error?: { readonly code?: string; readonly message?: string };
}

/** Writes the answer as it comes. A stream without its terminator is not whole, and is said so. */
async function streamed(reply: OperatorReply, shell: Shell): Promise<number> {
  let last = '\n';
  let done = false;
  for await (const line of reply.lines()) {
    if (!line.startsWith('data:')) continue;
    const data = line.slice('data:'.length).trim();
    if (data === '[DONE]') {
      done = true;
      continue;
    }
    const chunk: Chunk = JSON.parse(data);
    if (chunk.error !== undefined) {
      shell.out(last.endsWith('\n') ? '' : '\n');
      throw new CliStop(exitCodes.violated, `${chunk.error.code ?? 'error'}: ${chunk.error.message ?? 'the answer ended with an error'}`);
    }
    const text = chunk.choices?.[0]?.delta?.content ?? '';
    if (text === '') continue;
    shell.out(text);
    last = text;
  }
  if (!last.endsWith('\n')) shell.out('\n');
  if (!done) throw new CliStop(exitCodes.violated, 'the answer ended before it was finished');
  return exitCodes.ok;
}

/** First bytes of the images that models take. */
const signatures: readonly { readonly type: string; readonly start: string }[] = [
  { type: 'image/png', start: '89504e47' },
  { type: 'image/jpeg', start: 'ffd8ff' },
  { type: 'image/gif', start: '47494638' },
  { type: 'image/webp', start: '52494646' },
];

function imagePart(file: string): unknown {
  const bytes = readBytes(file);
  const hex = bytes.subarray(0, 4).toString('hex');
  const type = signatures.find(({ start }) => hex.startsWith(start))?.type;
  if (type === undefined) throw new CliStop(exitCodes.invalid, `${file} is no PNG, JPEG, GIF or WebP image`);
  return { type: 'image_url', image_url: { url: `data:${type};base64,${bytes.toString('base64')}` } };
}
