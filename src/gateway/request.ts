import type { ErrorCode } from '#core/errors/catalog.ts';
import type { Verdict } from '#core/judge/judge-reply.ts';
import type { Capture, Profile, TargetId } from '#core/policy/policy.ts';
import type { PolicyTables } from '#core/policy/tables.ts';
import type { AttemptRecord, Principal } from '#core/record/record.ts';
import type { Usage } from '#core/reply/event.ts';
import type { Facts } from '#core/request/facts.ts';
import type { Decision } from '#core/routing/decide.ts';
import type { Plan } from '#core/routing/plan.ts';
import type { WalkEvent, WalkStep } from '#core/routing/walk.ts';
import type { Said } from '#store/ports.ts';
import type { Surface, SurfaceRequest } from '#surfaces/kind.ts';
import type { Responder } from './responder.ts';

/** What is known of a call once its caller is: enough to record and answer it, whatever its body turns out to be. */
export interface CallHead {
  readonly arrivedAt: number;
  readonly surface: Surface;
  readonly responder: Responder;
  readonly principal: Principal;
  readonly task: string | null;
  /** The snapshot it was planned on. */
  readonly tables: PolicyTables;
}

/** One request that was read and decided. */
export interface GatewayRequest extends CallHead {
  /** Rising with arrival: the oldest waiting request is served first. */
  readonly order: number;
  readonly profile: Profile;
  readonly asked: SurfaceRequest;
  readonly facts: Facts;
  readonly decision: Decision;
  /** How much of it, and of its reply, the record keeps. */
  readonly capture: Capture;
}

/** A planned request under way. */
export interface Journey {
  readonly request: GatewayRequest;
  readonly plan: Plan;
  /** Resolves when the intent is durable; rejects if it cannot be. */
  readonly begun: Promise<void>;
  step: WalkStep;
  /** What moved the walk under way, and the walks before it. */
  events: WalkEvent[];
  readonly walks: WalkEvent[][];
  /** Monotonic milliseconds at which the walk under way began. */
  walkBeganAt: number;
  readonly attempts: AttemptRecord[];
  /** Ends whatever wait is under way; called when the caller leaves. */
  stopWaiting: () => void;
  /** Takes the caller off the reply under way; called when the caller leaves. */
  stopReply: () => void;
  /** The caller has read everything that waited. */
  drained: () => void;
}

/** How a request ended, for its record. */
export interface Ending {
  readonly result: 'ok' | 'refused' | 'failed' | 'cancelled';
  readonly status: number;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly verdict: Verdict | null;
  readonly servedBy: TargetId | null;
  readonly usage: Usage | null;
  /** What the caller was told of an answer, where the record keeps that. */
  readonly said?: Said | undefined;
}
