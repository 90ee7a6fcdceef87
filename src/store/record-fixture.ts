import type { AttemptRecord, Intent, Terminal } from '#core/record/record.ts';

/** Builders of record entries, for tests: everything that a case does not say has a plain value. */

export function intentWith(parts: Partial<Intent> = {}): Intent {
  return {
    id: 'r1',
    at: 1_000,
    surface: 'chat',
    principal: 'k_one',
    profile: 'private',
    task: null,
    session: 's',
    facts: {
      service: 'chat',
      model: 'auto',
      routeHeader: null,
      routeHint: null,
      profile: 'private',
      tier: 'sovereign',
      stream: false,
      input: [],
      tools: false,
      promptTokens: 10,
      outputTokens: null,
      session: 's',
      scores: [],
    },
    policyHash: 'p',
    decision: { reason: 'rest', bucket: 'general', route: 'general', promotedTo: null, notes: [], plan: null, refusal: null },
    ...parts,
  };
}

export function terminalWith(parts: Partial<Terminal> = {}): Terminal {
  return {
    id: 'r1',
    at: 2_000,
    durationMs: 500,
    walks: [],
    attempts: [],
    result: 'ok',
    verdict: 'ok',
    status: 200,
    code: null,
    message: null,
    servedBy: null,
    firstByteMs: null,
    usage: null,
    usageEstimated: false,
    costNano: null,
    energyMws: null,
    compareNano: null,
    ...parts,
  };
}

export function attemptWith(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    target: 'one/m',
    startedMs: 0,
    address: '127.0.0.1:1',
    reused: false,
    sentMs: 1,
    headMs: 2,
    firstTokenMs: 3,
    endMs: 4,
    status: 200,
    result: 'answered',
    verdict: 'ok',
    model: 'm',
    usage: null,
    busyMs: 3,
    costNano: null,
    energyMws: null,
    bytes: 10,
    detail: null,
    changes: [],
    ...parts,
  };
}
