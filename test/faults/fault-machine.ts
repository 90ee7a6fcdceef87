import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { healthScript, modelListScript } from '#upstreams/scripted/catalogue-script.ts';
import { startScriptedServer } from '#upstreams/scripted/engine.ts';
import type { ScriptedServer } from '#upstreams/scripted/engine.ts';
import { openaiError, refusalScript } from '#upstreams/scripted/refusal-script.ts';
import type { RequestLog } from '#upstreams/scripted/request-log.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import { faultDice, replaceGates } from '#upstreams/scripted/faults/fault.ts';
import type { FaultCase } from '#upstreams/scripted/faults/fault.ts';
import { faultCallOf, hashOf, nonceOf, wellScript } from './fault-answer.ts';

/** A machine of a round: well, but for the requests for which a fault was planned. */
export interface FaultMachine {
  readonly name: string;
  readonly model: string;
  readonly server: ScriptedServer;
  /** The chats of one request that came. */
  chats(nonce: string): readonly RequestLog[];
  /** What the request with this nonce meets. */
  plan(nonce: string, fault: FaultCase): void;
  open(gate: string, nonce: string): void;
  /** Nobody listens any more, and no connection is kept. */
  refuse(): Promise<void>;
  /** Nothing answers a connection any more. */
  becomeBlackHole(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on loopback. */
export async function startFaultMachine(name: string, elsewhere: string): Promise<FaultMachine> {
  const model = `m-${name}`;
  const plans = new Map<string, FaultCase>();
  const played = new Map<string, number>();
  const server = await startScriptedServer((log) => (log.method === 'POST' ? chat(log) : page(log.path, model, () => server.running)));
  let hole: Worker | null = null;

  const chat = (log: RequestLog): Script => {
    const nonce = nonceOf(log);
    const call = faultCallOf(log, name, elsewhere);
    const fault = plans.get(nonce);
    const before = played.get(nonce) ?? 0;
    played.set(nonce, before + 1);
    if (!fault || (fault.once === true && before > 0)) return wellScript(call);
    const script = fault.script(call, faultDice(hashOf(`${nonce} ${name} ${before}`)));
    return replaceGates(script, (gate) => ({ do: 'gate', name: `${gate} ${nonce}` }));
  };
  const refuse = async (): Promise<void> => {
    await server.refuse();
    server.closeIdle();
    await server.disconnected();
  };
  return {
    name,
    model,
    server,
    chats: (nonce) => server.requests.filter((log) => log.method === 'POST' && nonceOf(log) === nonce),
    plan: (nonce, fault) => void plans.set(nonce, fault),
    open: (gate, nonce) => server.open(`${gate} ${nonce}`),
    refuse,
    becomeBlackHole: async () => {
      await refuse();
      hole = new Worker(new URL('black-hole-thread.ts', import.meta.url), { workerData: { port: server.port } });
      await once(hole, 'message');
    },
    close: async () => {
      await hole?.terminate();
      await server.close();
    },
  };
}

/** What servers of all kinds say of themselves. */
function page(path: string, model: string, running: () => number): Script {
  const named = { name: model, model, size: 7, digest: 'd', details: {}, capabilities: ['completion'] };
  switch (path) {
    case '/health':
      return healthScript();
    case '/v1/models':
      return modelListScript([{ name: model }]);
    case '/slots':
      // The asker's own script runs too.
      return [{ do: 'json', value: [{ id: 0, is_processing: running() > 1 }] }];
    case '/api/version':
      return [{ do: 'json', value: { version: '0.20.0' } }];
    case '/api/tags':
      return [{ do: 'json', value: { models: [named] } }];
    case '/api/ps':
      return [{ do: 'json', value: { models: [{ ...named, size_vram: 7, context_length: 32_768, expires_at: '2199-01-01T00:00:00Z' }] } }];
    default:
      return refusalScript(404, openaiError('Not found.', { type: 'invalid_request_error', code: null }));
  }
}
