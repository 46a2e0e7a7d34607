// Tells from what is known at a sandbox's end why it ended.
import { DETAIL_BYTES, type Exit } from '../driver.ts';

export interface Evidence {
  /** Exit code of the supervisor; null when it was killed itself. */
  code: number | null;
  /** kill() was called. */
  killed: boolean;
  deadlinePassed: boolean;
  /** runsc got as far as opening its log. */
  started: boolean;
  /** What the guard found, when the sandbox went beyond its limits. */
  verdict: Exit | null;
  /** It had used all of its memory: its kernel then dies in ways that the host's counters do not show. */
  memoryFull: boolean;
  /** The end of standard error, which the guest shares with the supervisor. */
  stderr: string;
  /** The end of runsc's log. */
  log: string;
}

/** runsc's own code for "could not do it", and the base of the codes of what was ended by a signal. */
const NO_ORDINARY_CODE = 128;
const SIGKILLED = NO_ORDINARY_CODE + 9;

/** What `unshare` says, ending with code 1, when all processes below it were killed by someone else. */
const SUPERVISOR_LOST = /^unshare: .*$/m;

export function classifyExit({
  code,
  killed,
  deadlinePassed,
  started,
  verdict,
  memoryFull,
  stderr,
  log,
}: Evidence): Exit {
  // First, for the guard kills too; but a sandbox that came to a good end in spite of it came to a good end.
  if (verdict !== null && code !== 0) return verdict;
  if (killed) return { reason: 'killed' };
  if (deadlinePassed && (code === null || code === SIGKILLED)) return { reason: 'deadline' };
  const childLost = code === 1 && SUPERVISOR_LOST.test(stderr);
  if (code === null || code >= NO_ORDINARY_CODE || !started || childLost) {
    if (memoryFull) return { reason: 'out_of_memory' };
    const detail = endOf(`${log}\n${stderr}`) || `The supervisor ended with ${code ?? 'a signal'}.`;
    return { reason: 'lost', detail };
  }
  return code === 0 || stderr === ''
    ? { reason: 'exited', code }
    : { reason: 'exited', code, detail: stderr };
}

function endOf(text: string): string {
  return Buffer.from(text.trim()).subarray(-DETAIL_BYTES).toString('utf8');
}
