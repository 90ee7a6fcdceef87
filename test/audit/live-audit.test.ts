/** A record is checked while its house writes, erases and prunes: nothing of that is blamed, and the house can tidy up in between. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exportLog } from '#audit/export-log.ts';
import { verifyRecord } from '#audit/verify-record.ts';
import { diceOf } from '#test/sim/random.ts';
import { LogMaker, playStep } from './make-log.ts';

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
console.log(`SEED=${seed}`);
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-audit-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('what a house does while its record is checked is not blamed, and no transaction holds its write-ahead log', () => {
  let pauses = 0;
  for (let record = 0; record < 40; record++) {
    const dice = diceOf(seed + record);
    const maker = new LogMaker(join(folder, String(record)), dice);
    for (let step = 0; step < 80; step++) playStep(maker, dice);
    maker.checkpoint();
    const between = (): void => {
      assert.ok(maker.tidy(), 'the audit holds on to what was written');
      // It writes less than is read, else there is no end.
      for (let step = 0; step < 3; step++) playStep(maker, dice);
      if (dice.chance(0.5)) maker.takeBack();
      if (dice.chance(0.3)) maker.prune(dice.int(1, 4));
      if (dice.chance(0.1)) maker.erase();
      pauses++;
    };
    const report = verifyRecord(join(maker.folder, 'record.db'), {
      key: null,
      checkpoints: join(maker.folder, 'checkpoints.jsonl'),
      between,
      chunkEntries: dice.int(10, 30),
    });
    assert.deepEqual(report.findings, [], `record ${record} of seed ${seed}`);
    maker.close();
  }
  assert.ok(pauses > 100, `${pauses} pauses`);
});

test('whoever takes an export slowly holds nothing, and is told where its beginning was pruned meanwhile', () => {
  const dice = diceOf(seed);
  const maker = new LogMaker(join(folder, 'export'), dice);
  for (let entry = 0; entry < 1_200; entry++) maker.administer();
  maker.checkpoint();
  let lines = '';
  const take = (text: string): void => {
    assert.ok(maker.tidy(), 'the export holds on to what was written');
    lines += text;
  };
  const range = { since: null, until: null };
  const { entries } = exportLog(maker.folder, range, take);
  assert.equal(lines.split('\n').length, entries + 2);
  assert.ok(entries > 1_200);
  const pruned = (): void => {
    for (let minutes = 0; minutes < 5; minutes++) maker.checkpoint();
    maker.prune(100);
  };
  assert.throws(() => exportLog(maker.folder, range, pruned), /pruned while they were read/);
  maker.close();
});
