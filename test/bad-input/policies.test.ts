/** Policies made to break their reader: each is refused at its place, or loads, soon; through the loader and through the command. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodes } from '#cli/exit-codes.ts';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { place, runHere } from '#test/cli/cli-stage.ts';
import { policyCases } from './policy-cases.ts';

/** In computing time of this thread. */
const loadMsMax = 1_000;

function computingMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

for (const { name, text, at, says } of policyCases) {
  test(name, async (t) => {
    const content = text();
    const startedMs = computingMs();
    const loaded = loadPolicy(content, { file: 'gatehouse.yaml', folder: '/nowhere', env: { HOME: '/nowhere' } });
    const tookMs = computingMs() - startedMs;
    t.diagnostic(`${tookMs.toFixed(0)} ms`);
    assert.ok(tookMs <= loadMsMax, `it took ${tookMs} ms`);
    assert.equal(loaded.ok, at === null, loaded.ok ? 'it loads' : loaded.problems.map(formatProblem).join('\n').slice(0, 2_000));
    const house = place(t);
    writeFileSync(join(house.cwd, 'gatehouse.yaml'), content);
    const said = await runHere(['check'], house);
    if (loaded.ok) {
      assert.equal(said.code, exitCodes.ok, said.err);
      return;
    }
    assert.equal(said.code, exitCodes.invalid, said.err);
    const [first] = loaded.problems;
    assert.ok(first && first.line >= 1 && first.column >= 1);
    assert.ok(`${first.line}:${first.column}`.startsWith(at ?? ''), formatProblem(first));
    const lines = loaded.problems.map(formatProblem);
    assert.ok(lines.join('\n').includes(says), lines.join('\n').slice(0, 2_000));
    assert.ok(
      lines.every((line) => line.length <= 1_000),
      `a message that long repeats the file: ${lines.find((line) => line.length > 1_000)?.slice(0, 300)}`,
    );
    assert.ok(said.err.includes(lines[0] ?? ''), said.err.slice(0, 2_000));
    assert.ok(said.err.length < 100_000, 'nobody reads that much');
    assert.deepEqual(Object.keys({}.constructor.prototype), []);
  });
}
