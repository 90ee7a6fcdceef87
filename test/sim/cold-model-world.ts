import { chatStream, chatStreamHead } from '#upstreams/scripted/chat-script.ts';
import { answered } from '#upstreams/scripted/faults/fault-scripts.ts';
import type { FaultCase } from '#upstreams/scripted/faults/fault.ts';
import { checkWorld } from './check-world.ts';
import { setupOf } from './fault-world.ts';
import { chatRequest, plainParts } from './random-request.ts';
import { diceOf } from './random.ts';
import { endlessPatience } from './virtual-caller.ts';
import { World } from './world.ts';

/** When its server begins to say that it is loading. */
const noticedMs = 5_000;
const quietMs = 700_000;

/**
 * A server that takes a request, says on its health page for so long that it is loading, and speaks its first word then; a machine that is
 * well stands behind it. Clocks as a policy has them that says nothing: 30 s for the first token, 5 min for loading.
 */
export async function coldModelWorld({
  loadsMs,
  firstTokenMs,
}: {
  readonly loadsMs: number;
  readonly firstTokenMs: number;
}): Promise<{ readonly servedBy: string | null; readonly wrong: readonly string[] }> {
  const cold: FaultCase = {
    name: 'loads first',
    forms: ['stream'],
    script: (call) => [
      ...chatStreamHead(),
      { do: 'delay', ms: firstTokenMs },
      ...chatStream(call.answer, { includeUsage: call.includeUsage }).slice(chatStreamHead().length),
    ],
    ends: answered,
  };
  const world = new World(1, {}, setupOf({ name: 'cold', form: 'stream', faults: [null, null] }));
  const { clock, prober } = world;
  const [machine] = world.machines;
  if (!machine) throw new Error('a world without machines');
  void prober.start();
  await clock.run({ atMs: clock.now() + 2_000, over: () => false });
  machine.fault = { case: cold, times: 1 };
  const request = chatRequest(1, 'home/r0', plainParts);
  const asked = world.ask(request, { principal: 'k0', profile: 'p0' }, { dice: diceOf(1), patience: endlessPatience });
  if (loadsMs > 0) {
    clock.after(noticedMs, () => {
      machine.loading = true;
      void prober.round();
    });
    clock.after(loadsMs, () => (machine.loading = false));
  }
  await clock.run({ atMs: clock.now() + quietMs, over: () => false });
  prober.stop();
  void world.record.close();
  await clock.run({ atMs: clock.now() + quietMs, over: () => false });
  return { servedBy: world.record.of(asked.id).terminals[0]?.servedBy ?? null, wrong: checkWorld(world) };
}
