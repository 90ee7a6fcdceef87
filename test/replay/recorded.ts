import assert from 'node:assert/strict';
import { loadPolicy } from '#config/load.ts';
import { formatProblem } from '#config/problem.ts';
import { tablesOf } from '#core/policy/tables.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import { isGatewayError } from '#core/errors/gateway-error.ts';
import type { Facts } from '#core/request/facts.ts';
import { decide } from '#core/routing/decide.ts';
import type { Reading } from '#core/routing/reading.ts';
import { withScores } from '#core/routing/score-request.ts';
import { beginWalk, stepWalk } from '#core/routing/walk.ts';
import type { WalkEvent } from '#core/routing/walk.ts';
import type { RecordedCall } from '#replay/recorded-call.ts';
import { intentWith, terminalWith } from '#store/record-fixture.ts';
import { openaiChatSurface } from '#surfaces/openai-chat/openai-chat.ts';

interface HouseWords {
  /** What makes a request code. */
  readonly words?: string;
  readonly code?: string;
  readonly tier?: string;
}

/** The policy of a house with a model for code, one for talk, and a cloud behind it. */
export function houseText({ words = '[refactor, pytest]', code = 'tower', tier = 'local-first' }: HouseWords = {}): string {
  return `version: 1
house: den
upstreams:
  tower: { kind: vllm, url: "http://127.0.0.1:8001", slots: 4, models: { coder: { context: 128k } } }
  studio: { kind: vllm, url: "http://127.0.0.1:8002", slots: 2, models: { talker: { context: 32k } } }
  away: { kind: openai, url: "https://api.example.com", location: cloud, models: { large: { context: 200k, price: { input: 1, output: 2 } } } }
routes:
  code: { target: ${code}, failover: [away] }
  chat: { target: studio, spill: [tower], failover: [away] }
classify:
  coding: { route: code, words: ${words} }
  rest: { route: chat }
profiles:
  everybody: { tier: ${tier} }
`;
}

/** The same, loaded. */
export function houseWith(words: HouseWords = {}): PolicyTables {
  const loaded = loadPolicy(houseText(words), { file: 'gatehouse.yaml', folder: '.', env: {} });
  if (!loaded.ok) assert.fail(loaded.problems.map(formatProblem).join('\n'));
  return tablesOf(loaded.policy, loaded.hash);
}

/** A call as the record would have it. `seen`: what was read of a target, where it was not free. */
export function recordedCall(
  tables: PolicyTables,
  said: string,
  more: { readonly id?: string; readonly captured?: boolean; readonly seen?: Readonly<Record<string, Partial<Reading>>> } = {},
): RecordedCall {
  const text = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: said }] });
  const asked = openaiChatSurface.read(text);
  assert.ok(!isGatewayError(asked));
  const unscored: Omit<Facts, 'scores'> = {
    service: 'chat',
    model: asked.model,
    routeHeader: null,
    routeHint: null,
    profile: 'everybody',
    tier: tables.profiles.get('everybody')?.tier ?? 'sovereign',
    stream: false,
    input: [],
    tools: false,
    promptTokens: asked.promptTokens,
    outputTokens: null,
    session: 's',
  };
  const facts = withScores(unscored, asked.userTexts, tables);
  const decision = decide(facts, tables);
  const events: WalkEvent[] = [];
  let servedBy: string | null = null;
  if (decision.plan) {
    let step = beginWalk(decision.plan);
    while (step.action.do !== 'end') {
      assert.notEqual(step.action.do, 'wait');
      if (step.action.do === 'wait') break;
      const event: WalkEvent =
        step.action.do === 'observe'
          ? { type: 'observed', readings: step.action.targets.map((target) => readingOf(target, more.seen?.[target])) }
          : {
              type: 'outcome',
              outcome: {
                target: step.action.target,
                result: 'answered',
                code: null,
                message: 'answered',
                retryAfterMs: null,
                retryAllowed: false,
              },
            };
      events.push(event);
      step = stepWalk(decision.plan, step.walk, event);
    }
    servedBy = step.walk.settled?.target ?? null;
  }
  const id = more.id ?? 'r1';
  const call = {
    intent: intentWith({ id, surface: openaiChatSurface.name, facts, policyHash: tables.hash, decision }),
    terminal: terminalWith({
      id,
      walks: [events],
      servedBy,
      result: servedBy === null ? 'refused' : 'ok',
      usage: { input: 1_000, output: 500, cachedInput: null, reasoning: null },
      costNano: servedBy?.startsWith('away') === true ? 2_000_000 : null,
    }),
  };
  const written: Omit<RecordedCall, 'requestText'> = JSON.parse(JSON.stringify(call));
  return { ...written, requestText: more.captured === true ? text : null };
}

function readingOf(target: string, parts: Partial<Reading> = {}): Reading {
  const plain = { inFlight: 0, slots: 4, retryAfterMs: null, cause: null, sinceMs: null, nextTryMs: null } as const;
  return { target, state: 'free', why: 'up', ...plain, ...parts };
}
