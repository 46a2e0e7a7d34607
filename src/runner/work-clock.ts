// The working clock of one run: counts down to the deadline, but for the time in which the run waits for people,
// and for that no longer than it may. Owned by task-run.ts, stopped and started by waits.ts.
export interface WorkClock {
  /** The latest moment of `performance.now()` at which the run may have to end, as things are. */
  diesAt(): number;
  /** What is left until the deadline, in milliseconds. */
  leftMs(): number;
  /** What it may still stand. */
  waitLeftMs(): number;
  stands(): boolean;
  /** Stands from now on, until `go` or until it may no longer. Nothing changes where it stands, or may not. */
  stand(): void;
  /** Goes on. @returns for how many milliseconds it has stood since `stand`, 0 where it did not */
  go(): number;
  /** Neither of its callbacks is called any more. */
  end(): void;
}

export interface WorkClockParts {
  /** The deadline: a moment of `performance.now()`. */
  diesAt: number;
  /** For how long it may stand in all. */
  waitMs: number;
  /** The deadline has come. */
  onOver(): void;
  /** It may stand no longer, and is to go on. */
  onWaited(): void;
}

export function createWorkClock({ diesAt, waitMs, onOver, onWaited }: WorkClockParts): WorkClock {
  let deadline = diesAt;
  let waitLeft = waitMs;
  /** Since when it stands. */
  let since: number | null = null;
  let isUsedUp = false;
  let timer: NodeJS.Timeout;

  /** As long as it may once its timer has said so, which other clocks may see a little later. */
  const stoodMs = () => {
    if (since === null) return 0;
    return isUsedUp ? waitLeft : Math.min(performance.now() - since, waitLeft);
  };
  const onTimer = () => {
    isUsedUp = true;
    onWaited();
  };
  const arm = () => {
    clearTimeout(timer);
    const ms = since === null ? deadline - performance.now() : waitLeft - stoodMs();
    timer = setTimeout(since === null ? onOver : onTimer, Math.max(0, ms));
  };
  arm();

  return {
    diesAt: () => (since === null ? deadline : deadline + waitLeft),
    leftMs: () => deadline - (since ?? performance.now()),
    waitLeftMs: () => waitLeft - stoodMs(),
    stands: () => since !== null,
    stand() {
      if (since !== null || waitLeft <= 0) return;
      since = performance.now();
      arm();
    },
    go() {
      const stood = stoodMs();
      if (since === null) return 0;
      since = null;
      deadline += stood;
      waitLeft -= stood;
      arm();
      return stood;
    },
    end: () => clearTimeout(timer),
  };
}
