// `Prefer: wait=N` (RFC 7240, section 4.3): how long the caller lets an answer be held.
import { LIMITS } from '../../protocol/limits.ts';

/** Milliseconds; 0 when the header does not ask, and never more than LIMITS.waitSeconds. */
export function preferredWaitMs(prefer: string | undefined): number {
  const seconds = prefer?.match(/(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i)?.[1];
  return seconds === undefined ? 0 : Math.min(Number(seconds), LIMITS.waitSeconds) * 1000;
}
