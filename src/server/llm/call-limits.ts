// How long a call to the LLM upstream may take and how much it may send. Tests pass smaller ones.
import { LIMITS } from '../../protocol/limits.ts';

export interface CallLimits {
  /** Until the upstream's headers. */
  answerMs: number;
  /** Between two chunks of an answer. */
  idleMs: number;
  /** The whole call, retry included. */
  totalMs: number;
  /** The longest Retry-After that is waited for. */
  retryAfterMs: number;
  /** One line of a stream. */
  lineBytes: number;
  /** An answer that is no stream. */
  answerBytes: number;
}

export const CALL_LIMITS: CallLimits = {
  answerMs: 300_000,
  idleMs: 60_000,
  totalMs: 600_000,
  retryAfterMs: 5_000,
  lineBytes: 1024 * 1024,
  answerBytes: LIMITS.guest.answerBytes,
};
