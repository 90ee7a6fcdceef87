/**
 * Decides the cases of a log anew from what the log says, and prints one SHA-256 over all decisions and walks: `node replay-cases.ts
 * <log>`. Nothing of the random houses is here: facts, policy and what happened are all that a decision may depend on.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { GatewayError } from '#core/errors/gateway-error.ts';
import type { Policy } from '#core/policy/policy.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { Facts } from '#core/request/facts.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import { accountOf } from './account.ts';

type Line =
  | { readonly policy: Policy; readonly hash: string }
  | { readonly refused: GatewayError }
  | { readonly policyHash: string; readonly facts: Facts; readonly walks: readonly (readonly WalkEvent[])[] };

const hash = createHash('sha256');
const houses = new Map<string, PolicyTables>();
let cases = 0;

for (const text of readFileSync(process.argv[2] ?? '', 'utf8')
  .trimEnd()
  .split('\n')) {
  const line: Line = JSON.parse(text);
  if ('policy' in line) {
    houses.set(line.hash, tablesOf(line.policy, line.hash));
    continue;
  }
  cases++;
  hash.update(JSON.stringify('refused' in line ? line.refused : replayed(line)));
}

function replayed(line: Extract<Line, { readonly facts: Facts }>): ReturnType<typeof accountOf> {
  const tables = houses.get(line.policyHash);
  if (!tables) throw new Error(`no policy ${line.policyHash} in the log`);
  const rest = line.walks.map((events) => [...events]);
  return accountOf(line.facts, tables, (_action, walk) => {
    const event = rest[walk]?.shift();
    if (!event) throw new Error('the walk goes on where the log ends');
    return event;
  });
}

console.log(JSON.stringify({ hash: hash.digest('hex'), cases }));
