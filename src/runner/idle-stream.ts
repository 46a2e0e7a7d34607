// Resets a request of a guest that it leaves half open: a body that does not come, or an answer that it does not take.
import type { ServerHttp2Stream } from 'node:http2';
import { LIMITS } from '../protocol/limits.ts';

/** Call it when the request's body begins to be read. A stream on which the server lets the guest wait is left alone. */
export function resetWhenIdle(stream: ServerHttp2Stream, idleMs: number = LIMITS.guest.idleMs): void {
  let bodyCame = stream.endAfterHeaders;
  stream.once('end', () => {
    bodyCame = true;
  });
  const check = () => {
    if (stream.destroyed) return;
    // Destroyed, not closed: that could end the answer as if it were whole.
    if (!bodyCame || stream.writableLength > 0) stream.destroy(new Error(`idle for ${idleMs} ms`));
    else stream.setTimeout(idleMs, check);
  };
  stream.setTimeout(idleMs, check);
}
