import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ScriptHandler } from '#upstreams/scripted/engine.ts';
import type { Script } from '#upstreams/scripted/script.ts';
import type { UpstreamKind } from '#upstreams/kind.ts';
import { upstreamKinds } from '#upstreams/registry.ts';
import { answers } from '#test/gateway/machines.ts';
import { setStage } from '#test/gateway/stage.ts';
import type { Machine, Stage, StageSetting } from '#test/gateway/stage.ts';
import type { KindFixture } from './fixture.ts';
import { fixtures } from './fixtures.ts';

/** One kind under the contract. */
export interface Contracted {
  readonly kind: UpstreamKind;
  readonly server: KindFixture;
}

/** One clause of the contract for every registered kind; `held` is false where the kind's server has nothing of the sort. */
export function forEachKind(
  clause: string,
  holds: (t: TestContext, contracted: Contracted) => Promise<void> | void,
  held: (contracted: Contracted) => boolean = () => true,
): void {
  for (const kind of upstreamKinds) {
    const server = fixtures[kind.name];
    if (server !== undefined && !held({ kind, server })) continue;
    test(`${kind.name}: ${clause}`, async (t) => {
      assert.ok(server, `the kind "${kind.name}" has no fixture in test/contract/fixtures.ts`);
      await holds(t, { kind, server });
    });
  }
}

/** A house with one machine of the kind, and one with a larger window that stands behind it. */
export function stageOf(
  t: TestContext,
  { kind, server }: Contracted,
  does: Script | ScriptHandler,
  more: { readonly machine?: Partial<Machine>; readonly house?: Partial<StageSetting<'one' | 'two'>> } = {},
): Promise<Stage<'one' | 'two'>> {
  return setStage(t, {
    ...more.house,
    machines: {
      one: {
        does,
        kind: kind.name,
        models: { m: { context: '32k', tools: true, reasoning: true } },
        ...server.policy,
        ...more.machine,
      },
      two: { does: answers('from two'), models: { m: { context: '128k', tools: true, reasoning: true } } },
    },
  });
}
