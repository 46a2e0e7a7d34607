// The input of a program in a sandbox, in order and each byte once. What failed on its way may have arrived, so
// that nothing is ever sent again: the stream is over then, and the guest asks for another.
// Used by process-stream.ts.
import { PassThrough } from 'node:stream';
import type { Envd } from './envd.ts';
import type { InputMode } from './settings.ts';

/** Of one call; base64 makes a third more of it. */
const CALL_BYTES = 512 * 1024;

export interface Input {
  /** Resolves when more can be taken. */
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
  stop(): void;
  /** Rejects when it can go no further; never resolves. */
  readonly failed: Promise<never>;
}

export function openInput(envd: Envd, pid: number, mode: InputMode): Input {
  return mode === 'calls' ? byCalls(envd, pid) : byStream(envd, pid);
}

/** As the vendor's own SDK does: no proxy on the way can hold back a body that has not ended. */
function byCalls(envd: Envd, pid: number): Input {
  const stopping = new AbortController();
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += CALL_BYTES) {
        await envd.sendInput(pid, bytes.subarray(at, at + CALL_BYTES), stopping.signal);
      }
    },
    end: () => envd.closeInput(pid),
    stop: () => stopping.abort(),
    failed: new Promise(() => {}),
  };
}

/** Without waiting for an answer to each piece, where nothing on the way keeps the body of a request back. */
function byStream(envd: Envd, pid: number): Input {
  const stopping = new AbortController();
  const pieces = new PassThrough({ highWaterMark: CALL_BYTES });
  pieces.on('error', () => undefined);
  const sent = envd.streamInput(pid, pieces, stopping.signal);
  sent.catch(() => undefined);
  const failed = new Promise<never>((_resolve, reject) => void sent.catch(reject));
  return {
    async write(bytes) {
      if (pieces.write(bytes)) return;
      await Promise.race([new Promise((resolve) => pieces.once('drain', resolve)), failed]);
    },
    async end() {
      pieces.end();
      await sent;
      await envd.closeInput(pid);
    },
    stop() {
      stopping.abort();
      pieces.destroy();
    },
    failed,
  };
}
