// The reset of a guest's half-open requests, for relay.ts.
import type { ServerHttp2Stream } from 'node:http2';
import { LIMITS } from '../protocol/limits.ts';

interface Idleness {
  /** Whether the guest could do nothing, for it is off the processor: that is not its delay. */
  isAsleep?: () => boolean;
  idleMs?: number;
}

/** Call it when the body begins to be read. A stream on which the server lets the guest wait is left alone. */
export function resetWhenIdle(
  stream: ServerHttp2Stream,
  { isAsleep = () => false, idleMs = LIMITS.guest.idleMs }: Idleness = {},
): void {
  let bodyCame = stream.endAfterHeaders;
  stream.once('end', () => {
    bodyCame = true;
  });
  const check = () => {
    if (stream.destroyed) return;
    // Destroyed, not closed: that could end the answer as if it were whole.
    const owes = !bodyCame || stream.writableLength > 0;
    if (owes && !isAsleep()) stream.destroy(new Error(`idle for ${idleMs} ms`));
    else stream.setTimeout(idleMs, check);
  };
  stream.setTimeout(idleMs, check);
}
