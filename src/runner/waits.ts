// Whether all that runs in one sandbox waits for people: then it sleeps, its clock stands, and the server is told.
// relay.ts says of every call of the guest when it begins, waits, works again and ends.
//
// awake: some call is at work, or none is open. falling asleep: all calls to the server wait, and have for a
// moment, in which others may follow that were begun beside them. asleep: the clock stands, and the sandbox is off
// the processor where its driver can do that. The first call that works again wakes it, before it is answered.
// When the sandbox's stream is cut, all its calls end for no reason of their own: they are what they were till
// it is there again and the guest has had a moment to ask anew; only what people have decided wakes it before.
import type { Driver } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import type { CallWaits, GuestCall } from '../relay/call-waits.ts';
import type { WorkClock } from './work-clock.ts';

/** A sandbox with calls that all wait is left alone so long: what it begins beside them comes in that time. */
const QUIET_MS = 2_000;
/** A poll that was answered is followed by the next one of the same guest within that time. */
const NEXT_POLL_MS = 10_000;
/** A guest that cannot be reached for longer has no calls any more. */
const CUT_MS = 60_000;

export interface WaitsParts {
  sandbox: { driver: Pick<Driver, 'can' | 'pause' | 'resume'>; id: string };
  clock: WorkClock;
  log: Logger;
  /** Told in this order, each once; must not throw. */
  onAsleep(): void;
  onAwake(stoodMs: number): void;
  quietMs?: number;
  /** All waits already, and the server knows: it is another runner's, whose stream was cut. */
  isAsleep?: boolean;
}

export interface Waits extends CallWaits {
  /** For how long the sandbox was off the processor, in milliseconds. */
  pausedMs(): number;
  /** The stream is cut. Until `mended`, and for a moment after, what its calls were is what they are. */
  cut(): void;
  mended(): void;
  /** It may wait no longer: it works from now on, for as long as it has left. */
  wakeUp(): void;
  /** Nothing is done any more: the run has ended. */
  end(): void;
}

export function createWaits(parts: WaitsParts): Waits {
  const { sandbox, clock, log, onAsleep, onAwake, quietMs = QUIET_MS } = parts;
  const { driver, id } = sandbox;
  let working = 0;
  let waiting = 0;
  let busy = 0;
  let ended = false;
  let asleep = false;
  let pausedSince: number | null = null;
  let pausedMs = 0;
  let quiet: NodeJS.Timeout | undefined;
  /** How often the stream was cut, and the calls that ended with the last cut as long as they count. */
  let cuts = 0;
  const lost = new Map<object, { poll: string | undefined; end(): void }>();
  let hold: NodeJS.Timeout | undefined;
  /** What is asked of the driver, one after the other. */
  let driving: Promise<void> = Promise.resolve();
  const between = new Map<string, NodeJS.Timeout>();

  const drive = (what: () => Promise<void>) => {
    driving = driving.then(what).catch((error) => log.debug({ err: error }, 'the sandbox cannot be paused'));
    return driving;
  };

  function look(): void {
    if (ended || hold !== undefined) return;
    const allWait = working === 0 && waiting + between.size > 0;
    if (!allWait) {
      clearTimeout(quiet);
      quiet = undefined;
      if (asleep) wake();
    } else if (!asleep && quiet === undefined && clock.waitLeftMs() > 0) quiet = setTimeout(fallAsleep, quietMs);
  }

  function fallAsleep(): void {
    quiet = undefined;
    if (ended || clock.waitLeftMs() <= 0) return;
    // One that is about to poll again could not, and nobody would hear of the decision.
    if (busy > 0 || between.size > 0 || hold !== undefined) {
      quiet = setTimeout(fallAsleep, quietMs);
      return;
    }
    asleep = true;
    clock.stand();
    onAsleep();
    pause();
  }

  function wake(): void {
    asleep = false;
    onAwake(clock.go());
    resume();
  }

  function pause(): void {
    if (!driver.can.pause) return;
    void drive(async () => {
      if (!asleep || ended || hold !== undefined) return;
      await driver.pause(id);
      pausedSince = performance.now();
    });
  }

  function resume(): void {
    void drive(async () => {
      if (pausedSince === null) return;
      pausedMs += performance.now() - pausedSince;
      pausedSince = null;
      await driver.resume(id);
    });
  }

  function holdFor(ms: number): void {
    clearTimeout(hold);
    hold = setTimeout(() => {
      hold = undefined;
      for (const call of lost.values()) call.end();
      lost.clear();
      look();
      if (asleep) pause();
    }, ms);
  }

  function forget(approvalId: string): void {
    clearTimeout(between.get(approvalId));
    between.delete(approvalId);
  }

  if (parts.isAsleep) {
    asleep = true;
    clock.stand();
    holdFor(CUT_MS);
  }

  return {
    call(poll) {
      let state: 'working' | 'waiting' | 'ended' = poll === undefined ? 'working' : 'waiting';
      const begunAt = cuts;
      const become = (next: typeof state) => {
        if (state === 'working') working -= 1;
        else if (state === 'waiting') waiting -= 1;
        state = next;
        if (state === 'working') working += 1;
        else if (state === 'waiting') waiting += 1;
        look();
      };
      if (state === 'working') working += 1;
      else waiting += 1;
      if (poll !== undefined) forget(poll);
      for (const [key, call] of lost) {
        if (poll === undefined || call.poll !== poll) continue;
        call.end();
        lost.delete(key);
        break;
      }
      look();
      const end = () => {
        if (state !== 'ended') become('ended');
      };
      const call: GuestCall = {
        waits: () => {
          if (state === 'working') become('waiting');
        },
        async works() {
          if (state === 'waiting') become('working');
          if (state === 'working' && asleep && !ended) wake();
          await driving;
        },
        end() {
          if (hold === undefined || begunAt === cuts) end();
          else if (state !== 'ended') lost.set(call, { poll, end });
        },
      };
      return call;
    },
    busy() {
      busy += 1;
      let over = false;
      return () => {
        if (!over) busy -= 1;
        over = true;
      };
    },
    isAsleep: () => asleep,
    willPollAgain(approvalId) {
      forget(approvalId);
      const lapse = () => {
        between.delete(approvalId);
        look();
      };
      between.set(approvalId, setTimeout(lapse, NEXT_POLL_MS));
    },
    pausedMs: () => pausedMs + (pausedSince === null ? 0 : performance.now() - pausedSince),
    cut() {
      if (ended) return;
      cuts += 1;
      holdFor(CUT_MS);
      // Asleep it could not be reached again.
      resume();
    },
    mended() {
      if (hold !== undefined) holdFor(quietMs);
    },
    wakeUp() {
      if (asleep) wake();
    },
    end() {
      ended = true;
      clearTimeout(quiet);
      clearTimeout(hold);
      for (const timer of between.values()) clearTimeout(timer);
      between.clear();
    },
  };
}
