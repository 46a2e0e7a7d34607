// Tells from what is known at a machine's end why it ended.
import { DETAIL_BYTES, type Exit } from '../driver.ts';

export interface Evidence {
  /** kill() was called. */
  killed: boolean;
  /** The last line of the supervisor inside the machine; null when it said none. */
  lastLine: string | null;
  /** Exit code of the supervisor on the host; null when it was killed itself. */
  code: number | null;
  deadlinePassed: boolean;
  /** The host's kernel killed Firecracker for want of memory. */
  outOfMemory: boolean;
  /** The end of what Firecracker and the guest's kernel have said. */
  console: string;
}

/** Codes from here on stand for a signal that ended the guest. */
const SIGNAL_CODES = 128;
/** `timeout` kills itself with the signal that it sends. */
const SIGKILLED = 137;
/** The guest's kernel panics when not even its supervisor has memory left. */
const PANIC = /Kernel panic - not syncing: (?:Out of memory|System is deadlocked on memory)/;

export function classifyExit(evidence: Evidence): Exit {
  const { killed, lastLine, code, deadlinePassed, outOfMemory, console } = evidence;
  if (killed) return { reason: 'killed' };
  const exited = Number(/^exited (\d{1,3})$/.exec(lastLine ?? '')?.[1] ?? Number.NaN);
  if (exited < SIGNAL_CODES)
    return exited === 0 || console === ''
      ? { reason: 'exited', code: exited }
      : { reason: 'exited', code: exited, detail: endOf(console) };
  if (lastLine === 'out_of_memory') return { reason: 'out_of_memory' };
  if (deadlinePassed && (code === null || code === SIGKILLED)) return { reason: 'deadline' };
  if (outOfMemory || PANIC.test(console)) return { reason: 'out_of_memory' };
  const how = Number.isNaN(exited)
    ? `Firecracker ended with ${code ?? 'a signal'}`
    : `The guest ended with ${exited}`;
  return { reason: 'lost', detail: endOf(console || `${how}.`) };
}

function endOf(text: string): string {
  return Buffer.from(text).subarray(-DETAIL_BYTES).toString('utf8');
}
