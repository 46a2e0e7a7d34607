// Tells from what is known at a sandbox's end why it ended. One classification for every supervised process.
import { DETAIL_BYTES, type Exit } from '../driver.ts';

/** What a technology has found out about the end of its sandbox. */
export interface Findings {
  /** The code that the guest program ended with, from 128 on for a signal; null: it is not known to have ended. */
  guest: number | 'out_of_memory' | null;
  /** It had used all of its memory: its kernel then dies in ways that no counter of the host shows. */
  memoryFull?: boolean;
  /** The end of the technology's own log, which tells more of a sandbox that was lost. */
  log?: string;
}

export interface Evidence extends Findings {
  /** Exit code of the supervisor; null when it was killed itself. */
  code: number | null;
  /** kill() was called. */
  killed: boolean;
  deadlinePassed: boolean;
  /** What the guard found, when the sandbox went beyond its limits. */
  verdict: Exit | null;
  /** The end of what the guest, or its machine, and the supervisor have said. */
  said: string;
}

/** Codes from here on stand for a signal that ended the program. */
export const SIGNAL_CODES = 128;
/** `timeout` kills itself with the signal that it sends. */
const SIGKILLED = SIGNAL_CODES + 9;

/** What `unshare` says, ending with code 1, when its child was killed by someone else than `timeout`. */
const CHILD_KILLED = /^unshare: .*$/m;

/** Whether the supervisor's end says that a signal ended it or what it runs, and nothing by itself. */
export function wasKilled(code: number | null, said: string): boolean {
  return code === null || code === SIGKILLED || (code === 1 && CHILD_KILLED.test(said));
}

/** @param program what ran the guest, as the start of a sentence about its end */
export function classifyExit(program: string, evidence: Evidence): Exit {
  const { guest, memoryFull = false, log = '', code, killed, deadlinePassed, verdict, said } = evidence;
  // First, for the guard kills too; but a sandbox that came to a good end in spite of it came to a good end.
  if (verdict !== null && guest !== 0) return verdict;
  if (killed) return { reason: 'killed' };
  if (guest === 'out_of_memory') return { reason: 'out_of_memory' };
  if (guest !== null && guest < SIGNAL_CODES) {
    const exit: Exit = { reason: 'exited', code: guest };
    return guest === 0 || said === '' ? exit : { ...exit, detail: endOf(said) };
  }
  if (deadlinePassed && wasKilled(code, said)) return { reason: 'deadline' };
  if (memoryFull) return { reason: 'out_of_memory' };
  const how = guest === null ? `${program} ended with ${code ?? 'a signal'}.` : `The guest ended with ${guest}.`;
  return { reason: 'lost', detail: endOf(`${log}\n${said}`) || how };
}

function endOf(text: string): string {
  return Buffer.from(text.trim()).subarray(-DETAIL_BYTES).toString('utf8');
}
