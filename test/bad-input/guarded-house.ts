import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HARDENING } from '#scripts/hardening.ts';
import { ROOT } from '#scripts/tree.ts';
import { answering, startModelServer } from '#test/e2e/model-server.ts';
import type { ModelServer } from '#test/e2e/model-server.ts';
import { rawAnswer } from '#test/e2e/raw-exchange.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { rawTalk } from './raw-talk.ts';
import type { Talk } from './raw-talk.ts';
import type { SelfReport } from './report-self.ts';

/** Texts that must never come out where they have no business; each is planted in one place. */
export const canaries = {
  /** The key with which the house asks its machine. */
  upstreamKey: 'canary-upstream-key-5d1f',
  /** A variable of the environment that no policy names. */
  environment: 'canary-environment-77aa',
  /** In prompts and wrong values. */
  body: 'canary-body-91c3',
  /** In headers that are none of ours. */
  header: 'canary-header-c0de',
} as const;

const model = 'reader-8b';

const vectorScript: Script = [
  { do: 'header', name: 'content-type', value: 'application/json' },
  {
    do: 'body',
    bytes:
      '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,1]}],"model":"embedder","usage":{"prompt_tokens":1,"total_tokens":1}}',
  },
];

const oneWord = answering({ model, text: 'read' });
const sayOneThing: ScriptHandler = (request) =>
  request.path === '/v1/embeddings' ? vectorScript : typeof oneWord === 'function' ? oneWord(request) : oneWord;

/** A gatehouse as a process of its own with one machine behind it, watched while it is given what it should refuse. */
export interface GuardedHouse {
  readonly port: number;
  readonly origin: string;
  readonly key: string;
  /** Of the gatehouse. */
  readonly pid: number;
  readonly machine: ModelServer;
  /** Sends bytes on a connection of their own. */
  talk(bytes: string | Uint8Array, options?: Parameters<typeof rawTalk>[2]): Promise<Talk>;
  /** What the process says of itself since it was last asked. */
  report(): Promise<SelfReport>;
  /** Everything it has written since it was ready: output, errors, the files of its data folder. */
  written(): string;
  /** Asserts that it answers a good request, with exactly one call of its machine. */
  answersWell(): Promise<void>;
  /** Asserts that it dialled nobody but for `dials` requests (null: not asked), wrote none of the planted secrets, and caught everything. Gives the report. */
  checkInnocence(dials: number | null): Promise<SelfReport>;
  close(): Promise<void>;
}

/** The good request of these tests. */
export const goodBody = (content: string = canaries.body): string =>
  JSON.stringify({ model: 'keep/chat', messages: [{ role: 'user', content }] });

/** Starts one. `does`: how the machine answers; by default it says one word, and knows one vector. */
export async function startGuardedHouse(does: ScriptHandler = sayOneThing): Promise<GuardedHouse> {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-guarded-'));
  const data = join(root, 'data');
  const machine = await startModelServer('reader', [model, 'embedder'], does);
  writeFileSync(
    join(root, 'gatehouse.yaml'),
    `version: 1\nhouse: keep\nlisten: 127.0.0.1:0\nupstreams:\n  reader:\n    kind: vllm\n    url: ${machine.server.url}\n    key: \${UPSTREAM_KEY}\n    slots: 64\n    models: { ${model}: { context: 32k, tools: true, input: [text, image] }, embedder: { serves: embeddings, context: 8k } }\nroutes:\n  chat: { target: reader/${model} }\n  vectors: { target: reader/embedder }\nclassify:\n  reading: { route: chat, words: [review, compare, prüfe] }\n  other: { route: chat }\n`,
  );
  const env = { HOME: root, PATH: '', UPSTREAM_KEY: canaries.upstreamKey, UNNAMED: canaries.environment };
  const command = [...HARDENING, '--import', join(ROOT, 'test/bad-input/report-self.ts'), join(ROOT, 'src/main.ts'), 'up', '--data', data];
  const child = spawn(process.execPath, command, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let said = '';
  const ready = Promise.withResolvers<void>();
  const hear = (bytes: Buffer): void => {
    said += bytes.toString();
    if (/address {2}http:\S+\/v1[^]*\n\n$/.test(said)) ready.resolve();
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  let ended = false;
  const over = once(child, 'close');
  child.on('close', () => {
    ended = true;
    ready.reject(new Error(`the house ended before it served:\n${said}`));
  });
  await ready.promise;
  const origin = /address {2}(http:\S+)\/v1/.exec(said)?.[1] ?? '';
  const key = /gh_\w{32}/.exec(said)?.[0] ?? '';
  assert.ok(origin !== '' && key !== '', said);
  // The first start shows the key, this once.
  const spoken = said.length;
  const port = Number(origin.split(':').at(-1));
  const seen = { chats: 0 };

  const report = async (): Promise<SelfReport> => {
    assert.ok(!ended, `the house has ended:\n${said}`);
    const answer = once(child, 'message');
    child.send('report');
    const [message] = await answer;
    return message as SelfReport;
  };
  const written = (): string => said.slice(spoken) + filesBelow(data);
  // What starting took is not held against it.
  await report();
  return {
    port,
    origin,
    key,
    pid: child.pid ?? 0,
    machine,
    talk: (bytes, options) => rawTalk(port, bytes, options),
    report,
    written,
    answersWell: async () => {
      const { status, text } = await rawAnswer(`${origin}/v1/chat/completions`, { key, body: goodBody() });
      assert.equal(status, 200, text);
      const dialled = machine.chats().length - seen.chats;
      seen.chats += dialled;
      assert.equal(dialled, 1, 'one request, one dial');
    },
    checkInnocence: async (dials) => {
      const dialled = machine.chats().length - seen.chats;
      seen.chats += dialled;
      if (dials !== null) assert.equal(dialled, dials, 'requests that reached the machine');
      const self = await report();
      assert.deepEqual({ uncaught: self.uncaught, polluted: self.polluted }, { uncaught: [], polluted: [] });
      const leaked = [...Object.values(canaries), key].filter((secret) => written().includes(secret));
      assert.deepEqual(leaked, [], 'secrets in what the house wrote');
      assert.doesNotMatch(said.slice(spoken), /fault of its own/);
      return self;
    },
    close: async () => {
      child.kill('SIGTERM');
      await over;
      await machine.server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The text of every file below a folder, the code that the engine keeps there left out. */
function filesBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('compile-cache'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}
