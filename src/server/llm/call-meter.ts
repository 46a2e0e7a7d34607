// What the gateway tells of each model call, and asks before it: whether there is budget for one. The gateway knows no
// database; the server gives it a meter that does.
import type { CostSource } from '../../protocol/cost.ts';

/** The most that a call can take, known before it is made. */
export interface CallBound {
  tokens: number;
  nanoUsd: number;
}

/** One call as it was, whatever came of it. */
export interface ModelCall {
  askedModel: string;
  /** Null: the upstream did not say, or did not answer. */
  answeredModel: string | null;
  inputTokens: number;
  outputTokens: number;
  /** Parts of the two above. */
  cachedTokens: number;
  reasoningTokens: number;
  costNanoUsd: number;
  costSource: CostSource;
  /** Until the first byte of content; null when there was none. */
  firstTokenMs: number | null;
  durationMs: number;
  /** `ok`, `cancelled` or the code of the error it ended with. */
  outcome: string;
}

export interface OpenCall {
  /** Called exactly once, before the caller sees the end of the answer. Never rejects. */
  settle(call: ModelCall): Promise<void>;
}

export interface CallMeter {
  /**
   * Reserves the call's bound in every budget it counts towards; waits while calls under way may use it up.
   * @throws SeedError budget_exceeded when one of them is spent
   */
  open(taskId: string, bound: CallBound, signal: AbortSignal): Promise<OpenCall>;
}
