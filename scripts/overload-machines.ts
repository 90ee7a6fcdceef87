/**
 * The machines of `npm run overload`, a process of their own: scripted servers that take the same time for every answer, and say how many requests at
 * once they ever had.
 */
import { answering, asksStream, startModelServer } from '#test/e2e/model-server.ts';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';

/** What the machines are told at their start, as JSON in the first argument. */
export interface MachinesSetting {
  readonly names: readonly string[];
  readonly serviceMs: number;
}

/** What they say: their addresses at the start, then, when asked, the most requests that one of them ever had at once. */
export type MachinesMessage = { readonly urls: readonly string[] } | { readonly mostAtOnce: number };

const { names, serviceMs }: MachinesSetting = JSON.parse(process.argv[2] ?? '');
let mostAtOnce = 0;
const answer = answering({ text: 'fine' });
const does: ScriptHandler = (request) => {
  mostAtOnce = Math.max(mostAtOnce, request.alsoRunning + 1);
  const steps = answer(request);
  return asksStream(request) ? steps : [{ do: 'delay', ms: serviceMs }, ...steps];
};
const servers = await Promise.all(names.map((name) => startModelServer(name, [name], does, { logsMax: 50 })));
const tell = (message: MachinesMessage): void => void process.send?.(message);
process.on('message', () => tell({ mostAtOnce }));
process.on('disconnect', () => process.exit());
tell({ urls: servers.map(({ server }) => server.url) });
