// Keeps the stream of one sandbox at work: gives the guest its task and serves what it asks. Where the driver can
// open a stream again, one that ends, or over which nothing comes any more, is followed by another, until the run
// ends: the guest says whether it has its task, and asks again for what it had no answer to. Used by task-run.ts.
import type { Duplex } from 'node:stream';
import type { Driver } from '../drivers/driver.ts';
import { SeedError } from '../protocol/errors.ts';
import { createBackoff, pause, within } from '../relay/patience.ts';
import { greet } from './greet.ts';
import { openRelay, type Relay, type RelayOptions } from './relay.ts';
import type { Waits } from './waits.ts';

export interface StreamTimes {
  /** A guest of which nothing came for so long is asked for a sign of life, which has as long again. */
  silenceMs: number;
  /** Between two attempts to open the stream, at the most. */
  pauseMs: number;
}

const USUAL_TIMES: StreamTimes = { silenceMs: 10_000, pauseMs: 1_000 };
const CONNECT_WITHIN_MS = 30_000;
const FIRST_PAUSE_MS = 50;
/** A stream that lived as long was no failure. */
const LIVED_MS = 5_000;

export interface GuestStreamParts {
  driver: Pick<Driver, 'can' | 'connect'>;
  id: string;
  /** The one that is open; null: none is. */
  stream: Duplex | null;
  /** The guest has said over it that it waits for its task. */
  isReady: boolean;
  /** The guest may have done some of its task. */
  hasBegun: boolean;
  startLine(): string;
  /** Aborted when the run has ended. */
  over: AbortSignal;
  /** The guest does not know its task any more. */
  onForgotten(): void;
  /** Missing: the usual ones. */
  times?: StreamTimes | undefined;
}

/** Returns what ends every call that is in flight. */
export function keepStream(
  parts: GuestStreamParts,
  options: Omit<RelayOptions, 'stream' | 'onHeard'> & { waits: Waits },
): Pick<Relay, 'close'> {
  const { driver, id, startLine, over, onForgotten, times = USUAL_TIMES } = parts;
  const { log, waits } = options;
  let { hasBegun } = parts;
  let current: Relay | null = null;

  function open(stream: Duplex): Relay {
    const onHeard = () => {
      hasBegun = true;
    };
    current = openRelay({ ...options, stream, onHeard });
    return current;
  }

  /** Resolves when nothing passes over the stream any more. */
  function serve(stream: Duplex): Promise<void> {
    const relay = open(stream);
    const { promise, resolve } = Promise.withResolvers<void>();
    const lost = () => {
      clearInterval(watch);
      if (!over.aborted) waits.cut();
      relay.close();
      resolve();
    };
    let isHeard = true;
    let isAsked = false;
    const watch = setInterval(() => {
      // Off the processor it says nothing.
      const sleeps = driver.can.pause && waits.isAsleep();
      if (isAsked && !isHeard && !sleeps) {
        log.warn('nothing comes from the sandbox any more');
        return lost();
      }
      isAsked = !isHeard && !sleeps;
      if (isAsked) relay.ping();
      isHeard = false;
    }, times.silenceMs);
    stream.on('data', () => {
      isHeard = true;
    });
    stream.once('end', lost).once('close', lost);
    if (stream.destroyed || stream.readableEnded) lost();
    return promise;
  }

  async function begin(stream: Duplex, isReady: boolean): Promise<boolean> {
    const isWaiting = isReady || (await greet(stream)) === 'ready';
    if (isWaiting && hasBegun) return false;
    if (isWaiting) stream.write(startLine());
    else hasBegun = true;
    return true;
  }

  async function keep(first: Duplex | null): Promise<void> {
    const backoff = createBackoff(Math.random, FIRST_PAUSE_MS, times.pauseMs);
    let stream = first;
    let isReady = parts.isReady && first !== null;
    let isAgain = first === null;
    let isAway = false;
    while (!over.aborted) {
      const since = performance.now();
      try {
        stream ??= await connect(driver, id);
        watchErrors(stream);
        if (over.aborted) break;
        if (!(await begin(stream, isReady))) {
          onForgotten();
          break;
        }
        if (isAgain) log.info('the stream of the sandbox was opened again');
        isAway = false;
        waits.mended();
        await serve(stream);
        if (performance.now() - since > LIVED_MS) backoff.reset();
      } catch (error) {
        if (!isAway)
          log.warn({ problem: (error as Error).message }, 'the sandbox cannot be reached; trying again');
        isAway = true;
        waits.cut();
      }
      stream?.destroy();
      stream = null;
      isReady = false;
      isAgain = true;
      await pause(backoff.next(), over);
    }
    stream?.destroy();
  }

  function watchErrors(stream: Duplex): void {
    stream.on('error', (error) => log.debug({ err: error }, "the sandbox's stream broke"));
  }

  if (driver.can.reconnect) void keep(parts.stream);
  else if (parts.stream !== null) {
    watchErrors(parts.stream);
    parts.stream.write(startLine());
    open(parts.stream);
  }
  return { close: () => current?.close() };
}

/** @throws SeedError unreachable when that takes too long, and what the driver says */
async function connect(driver: GuestStreamParts['driver'], id: string): Promise<Duplex> {
  const opening = driver.connect(id);
  if (await within(CONNECT_WITHIN_MS, opening)) return opening;
  opening.then(
    (stream) => stream.destroy(),
    () => undefined,
  );
  throw new SeedError('unreachable', `the sandbox was not reached within ${CONNECT_WITHIN_MS / 1000} s`);
}
