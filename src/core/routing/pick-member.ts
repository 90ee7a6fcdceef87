import type { Reading } from './reading.ts';

/**
 * Picks a free member of a group: the one that rendezvous hashing gives the session, if it is free; else the one with the fewest
 * requests in flight per slot; else the first in the list. Null if none is free.
 *
 * @param readings of the members still in question, in list order
 * @param members all members of the group, so that the session's favourite does not change while another is away
 */
export function pickMember(readings: readonly Reading[], session: string, members: readonly string[]): Reading | null {
  const free = readings.filter((reading) => reading.state === 'free');
  if (free.length <= 1) return free[0] ?? null;
  const favourite = rendezvous(session, members);
  let best: Reading | null = null;
  for (const reading of free) {
    if (reading.target === favourite) return reading;
    if (best === null || load(reading) < load(best)) best = reading;
  }
  return best;
}

function load(reading: Reading): number {
  return reading.slots === null ? 0 : reading.inFlight / reading.slots;
}

/** The member with the highest hash of (session, member): highest random weight hashing, stable when others come and go. */
function rendezvous(session: string, members: readonly string[]): string | null {
  let best: string | null = null;
  let bestWeight = -1;
  for (const member of members) {
    const weight = fnv1a(`${session}\n${member}`);
    if (weight > bestWeight) {
      best = member;
      bestWeight = weight;
    }
  }
  return best;
}

/** 32-bit FNV-1a over UTF-16 units with a final avalanche, without which names that differ in their last letter weigh alike. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
