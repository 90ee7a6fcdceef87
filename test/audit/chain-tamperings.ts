import type { Forged, Forger } from './forger.ts';
import { anyRow, flipped } from './tampering.ts';
import type { Tampering, Victim } from './tampering.ts';

const chain = ['hash', 'checkpoint', 'outside_head', 'truncated', 'gap', 'front_missing', 'prune', 'outside'] as const;

/** A random entry that the outside copy covers. */
function somewhere({ dice, covered }: Victim, forger: Forger): number {
  return dice.int(forger.first(), covered);
}

/** Changes the entries from a random one on, in the chain's own spelling. */
function rewrite(
  victim: Victim,
  change: (entries: Forged[], forger: Forger) => void,
  options: { readonly resign?: boolean } = {},
): boolean {
  const forger = victim.forger();
  const seq = somewhere(victim, forger);
  const entries = forger.from(seq);
  change(entries, forger);
  forger.rewrite(seq, entries, options);
  forger.remakeRows();
  return true;
}

function edited(forged: Forged, edit: (entry: Record<string, unknown>) => void): Forged {
  const entry = JSON.parse(forged.bytes.toString('utf8')) as Record<string, unknown>;
  edit(entry);
  return { bytes: Buffer.from(JSON.stringify(entry)) };
}

/** The first of the entries says something else. */
function tellAnew(entries: Forged[], { dice }: Victim): void {
  const [first] = entries;
  if (first === undefined) return;
  entries[0] = edited(first, (entry) => {
    if (entry['type'] === 'start') entry['principal'] = `k_${dice.int(0, 99)}`;
    else if (entry['type'] === 'terminal') entry['costNano'] = dice.int(0, 99);
    else entry['at'] = Number(entry['at']) + 1;
  });
}

/** The chain itself. */
export const chainTamperings: readonly Tampering[] = [
  {
    name: 'a bit of an entry',
    found: ['hash'],
    apply: (victim) => {
      const forger = victim.forger();
      const seq = somewhere(victim, forger);
      forger.db.prepare('UPDATE log SET bytes = ? WHERE seq = ?').run(flipped(forger.bytes(seq), victim.dice), seq);
      return true;
    },
  },
  {
    name: 'a bit of a hash',
    found: ['hash'],
    apply: (victim) => {
      const forger = victim.forger();
      const seq = somewhere(victim, forger);
      const hash = forger.db.prepare('SELECT hash FROM log WHERE seq = ?').get(seq)?.['hash'];
      if (!(hash instanceof Uint8Array)) return false;
      forger.db.prepare('UPDATE log SET hash = ? WHERE seq = ?').run(flipped(hash, victim.dice), seq);
      return true;
    },
  },
  {
    name: 'an entry removed',
    found: ['gap', 'front_missing', 'truncated'],
    apply: (victim) => {
      const forger = victim.forger();
      forger.db.prepare('DELETE FROM log WHERE seq = ?').run(somewhere(victim, forger));
      return true;
    },
  },
  {
    name: 'an entry removed, the rest renumbered and hashed anew',
    found: chain,
    apply: (victim) => rewrite(victim, (entries) => entries.splice(0, 1)),
  },
  {
    name: 'two entries swapped',
    found: ['hash', 'shape'],
    apply: (victim) => {
      const forger = victim.forger();
      const [one, two] = [somewhere(victim, forger), somewhere(victim, forger)];
      if (one === two) return false;
      const swap = 'UPDATE log SET seq = ? WHERE seq = ?';
      for (const [to, from] of [
        [-1, one],
        [one, two],
        [two, -1],
      ] as const)
        forger.db.prepare(swap).run(to, from);
      return true;
    },
  },
  {
    name: 'two entries swapped, hashed anew',
    found: chain,
    apply: (victim) =>
      rewrite(victim, (entries) => {
        const [one, two] = entries;
        if (one !== undefined && two !== undefined) entries.splice(0, 2, two, one);
      }),
  },
  {
    name: 'an entry put in, the rest hashed anew',
    found: chain,
    apply: (victim) =>
      rewrite(victim, (entries) =>
        entries.unshift({
          bytes: Buffer.from(JSON.stringify({ seq: 0, type: 'admin', at: 1_763_000_000_000, action: 'drain', subject: 'forged' })),
        }),
      ),
  },
  {
    name: 'an entry told anew, the rest hashed anew',
    found: chain,
    apply: (victim) => rewrite(victim, (entries) => tellAnew(entries, victim)),
  },
  {
    name: 'a call taken out, the rest hashed anew',
    found: chain,
    apply: (victim) => {
      const forger = victim.forger();
      const first = forger.first();
      const ids = forger.from(first).map(({ bytes }) => String((JSON.parse(bytes.toString('utf8')) as Record<string, unknown>)['id']));
      const id = ids[victim.dice.int(0, victim.covered - first)];
      if (id === undefined || id === 'undefined') return false;
      forger.rewrite(
        first,
        forger.from(first).filter((_, at) => ids[at] !== id),
      );
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'an entry told anew, the rest hashed anew and signed with another key',
    found: ['checkpoint'],
    apply: (victim) => rewrite(victim, (entries) => tellAnew(entries, victim), { resign: true }),
  },
  {
    name: 'the whole log told anew under another key, which the file names',
    found: ['meta', 'outside_head'],
    apply: (victim) => {
      const forger = victim.forger();
      const first = forger.first();
      forger.db.prepare("UPDATE meta SET value = ? WHERE name = 'key'").run(forger.ownPublicKey);
      forger.rewrite(first, forger.from(first), { resign: true });
      return true;
    },
  },
  {
    name: 'the tail cut off',
    found: ['truncated'],
    apply: (victim) => {
      const forger = victim.forger();
      const seq = victim.dice.int(forger.first(), victim.covered - 1);
      forger.rewrite(seq + 1, []);
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'cut off behind one of its checkpoints',
    found: ['truncated'],
    apply: (victim) => {
      const forger = victim.forger();
      const checkpoints = checkpointsOf(forger).filter((seq) => seq < victim.covered);
      if (checkpoints.length === 0) return false;
      forger.rewrite(victim.dice.pick(checkpoints) + 1, []);
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'a checkpoint removed, the rest hashed anew',
    found: chain,
    apply: (victim) => {
      const forger = victim.forger();
      const checkpoints = checkpointsOf(forger).filter((seq) => seq <= victim.covered);
      if (checkpoints.length === 0) return false;
      const seq = victim.dice.pick(checkpoints);
      forger.rewrite(seq, forger.from(seq + 1));
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'all checkpoints removed and the log hashed anew',
    found: chain,
    apply: (victim) => {
      const forger = victim.forger();
      const first = forger.first();
      const checkpoints = new Set(checkpointsOf(forger));
      // The last line of the outside copy speaks of what is before the checkpoint that it is a copy of.
      if (Math.min(...checkpoints) > victim.covered) return false;
      forger.rewrite(
        first,
        forger.from(first).filter((_, at) => !checkpoints.has(first + at)),
      );
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'the front removed',
    found: ['front_missing'],
    apply: (victim) => {
      const forger = victim.forger();
      forger.db.prepare('DELETE FROM log WHERE seq <= ?').run(somewhere(victim, forger));
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'the front removed, with a forged prune entry',
    found: ['front_missing'],
    apply: (victim) => {
      const forger = victim.forger();
      const before = victim.dice.int(forger.first() + 1, victim.covered);
      const hash = forger.db.prepare('SELECT hash FROM log WHERE seq = ?').get(before - 1)?.['hash'];
      const head = hash instanceof Uint8Array ? Buffer.from(hash).toString('hex') : '';
      const at = 1_763_000_000_001;
      const prune = { seq: 0, type: 'prune', at, before, head, why: 'age', signature: forger.sign('prune', { seq: before, head, at }) };
      const last = forger.from(0).length + forger.first();
      forger.rewrite(last, [{ bytes: Buffer.from(JSON.stringify(prune)) }]);
      forger.db.prepare('DELETE FROM log WHERE seq < ?').run(before);
      forger.db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('prunedBefore', ?)").run(String(before));
      forger.remakeRows();
      return true;
    },
  },
  {
    name: 'texts removed, with a forged erase entry',
    found: chain,
    apply: (victim) =>
      rewrite(victim, (entries, forger) => {
        const id = anyRow(victim, forger, 'records')?.['id'];
        entries.unshift({
          bytes: Buffer.from(JSON.stringify({ seq: 0, type: 'erase', at: 1_763_000_000_001, records: [id], by: 'operator' })),
        });
        forger.db.exec('DELETE FROM bodies WHERE rowid = (SELECT max(rowid) FROM bodies)');
      }),
  },
];

function checkpointsOf(forger: Forger): number[] {
  const first = forger.first();
  return forger.from(first).flatMap(({ bytes }, at) => (bytes.includes('"type":"checkpoint"') ? [first + at] : []));
}
