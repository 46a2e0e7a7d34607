// A time-out that counts only while its process runs. A sandbox is taken off the processor while people decide,
// and its clock goes on: what had a minute left then still has it when it wakes. For the guest and the CLI.

const STEP_MS = 1_000;
/** A step that is later than this was no busy host's. */
const LATE_MS = 2_000;
/** What is left at least after a pause: what was waited for may have come during it, and is still to be read. */
const AFTER_PAUSE_MS = 500;

/**
 * Calls back once, when the process has run for so long; a pause costs at most a second of it.
 * @param now a clock that only goes forward
 * @returns how to withdraw it
 */
export function awakeTimeout(
  ms: number,
  onOver: () => void,
  now: () => number = () => performance.now(),
): () => void {
  let left = ms;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const step = Math.max(0, Math.min(left, STEP_MS));
    const since = now();
    timer = setTimeout(() => {
      const passed = now() - since;
      const wasPaused = passed > step + LATE_MS;
      left = wasPaused ? Math.max(left - step, Math.min(left, AFTER_PAUSE_MS)) : left - passed;
      if (left <= 0) onOver();
      else arm();
    }, step);
  };
  arm();
  return () => clearTimeout(timer);
}
