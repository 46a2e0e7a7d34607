// A guest's byte stream, read no faster than its limits allow. What HTTP/2 answers by itself (pings, settings,
// resets, empty frames) costs time and is no request: here every frame counts, and a flood waits in the sandbox.
import { Duplex } from 'node:stream';
import { createTokenBucket } from '../lib/token-bucket.ts';
import { LIMITS } from '../protocol/limits.ts';

const { bytesPerSecond, byteBurst, framesPerSecond, frameBurst } = LIMITS.guest;

/** What a guest has left to send, over all its streams. */
export interface Pace {
  bytes: TokenBucket;
  frames: TokenBucket;
}

type TokenBucket = ReturnType<typeof createTokenBucket>;

export function createPace(now?: () => number): Pace {
  return {
    bytes: createTokenBucket(bytesPerSecond, byteBurst, now),
    frames: createTokenBucket(framesPerSecond, frameBurst, now),
  };
}

/**
 * The same stream at a bounded pace. Errors and destruction go both ways; that a guest has ended its output is
 * kept back, for Node's session then shuts the stream down, and dies of an assertion, with the whole process, if
 * it is destroyed in that moment. @param wire HTTP/2 from its preface on
 */
export function paceWire(wire: Duplex, { bytes, frames }: Pace = createPace()): Duplex {
  const countFrames = createFrameCounter();
  let pause: NodeJS.Timeout | undefined;

  const paced = new Duplex({
    read() {
      if (pause === undefined) wire.resume();
    },
    write: (chunk: Buffer, encoding, done) => void wire.write(chunk, encoding, done),
    final: (done) => void wire.end(done),
    destroy(error, done) {
      clearTimeout(pause);
      wire.destroy();
      done(error);
    },
  });
  wire.on('data', (chunk: Buffer) => {
    const waitMs = Math.max(bytes.charge(chunk.length), frames.charge(countFrames(chunk)));
    if (!paced.push(chunk) || waitMs > 0) wire.pause();
    if (waitMs === 0) return;
    clearTimeout(pause);
    pause = setTimeout(() => {
      pause = undefined;
      wire.resume();
    }, waitMs);
  });
  wire.once('error', (error) => paced.destroy(error));
  wire.once('close', () => paced.destroy());
  return paced;
}

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const LENGTH_BYTES = 3;

/** Counts the frames whose header ends in the chunk (RFC 9113 section 4.1). The session refuses nonsense. */
export function createFrameCounter(): (chunk: Uint8Array) => number {
  let skip = PREFACE_BYTES;
  let header = 0;
  let length = 0;
  return (chunk) => {
    let frames = 0;
    for (let at = 0; at < chunk.length; ) {
      if (skip > 0) {
        const skipped = Math.min(skip, chunk.length - at);
        skip -= skipped;
        at += skipped;
        continue;
      }
      if (header < LENGTH_BYTES) length = length * 256 + (chunk[at] ?? 0);
      header += 1;
      at += 1;
      if (header < HEADER_BYTES) continue;
      frames += 1;
      skip = length;
      header = 0;
      length = 0;
    }
    return frames;
  };
}
