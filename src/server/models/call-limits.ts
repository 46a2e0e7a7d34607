// How long a call to the LLM upstream may take and how much it may send. Tests pass smaller ones.
import { LIMITS } from '../../protocol/limits.ts';

export interface CallLimits {
  /** Until the upstream's headers. */
  answerMs: number;
  /** The same while there is another model to ask. */
  answerWithOthersMs: number;
  /** Between two chunks of an answer. */
  idleMs: number;
  /** The whole call, with all that it waits for and all models that are asked. */
  totalMs: number;
  /** The longest Retry-After that is waited for. */
  retryAfterMs: number;
  /** Before the one retry of an upstream that failed and did not say when to come back. */
  retryMs: number;
  /** One line of a stream. */
  lineBytes: number;
  /** An answer that is no stream. */
  answerBytes: number;
}

export const CALL_LIMITS: CallLimits = {
  answerMs: 300_000,
  answerWithOthersMs: 60_000,
  idleMs: 60_000,
  totalMs: 600_000,
  retryAfterMs: 5_000,
  retryMs: 500,
  lineBytes: 1024 * 1024,
  answerBytes: LIMITS.guest.answerBytes,
};
