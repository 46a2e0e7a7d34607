// Tells from what is known at a machine's end why it ended.
import type { Exit } from '../driver.ts';

export interface Evidence {
  /** The last line that the machine said on its control port, if it was about its end. */
  report: string | undefined;
  /** kill() was called. */
  killed: boolean;
  deadlinePassed: boolean;
  /** The end of the machine's console and of what QEMU and the supervisor said. */
  diagnostics: string;
}

/** Codes from here on stand for a signal that ended the guest. */
const SIGNAL_CODES = 128;
const PANIC = /Kernel panic.*out of memory/i;

export function classifyExit({ report, killed, deadlinePassed, diagnostics }: Evidence): Exit {
  if (report === 'out_of_memory') return { reason: 'out_of_memory' };
  const code = Number(/^exited (\d+)$/.exec(report ?? '')?.[1] ?? Number.NaN);
  if (code < SIGNAL_CODES)
    return code === 0 || diagnostics === ''
      ? { reason: 'exited', code }
      : { reason: 'exited', code, detail: diagnostics };
  if (killed) return { reason: 'killed' };
  if (deadlinePassed) return { reason: 'deadline' };
  if (PANIC.test(diagnostics)) return { reason: 'out_of_memory' };
  const what = Number.isNaN(code) ? 'The virtual machine ended.' : `The guest ended with ${code}.`;
  return { reason: 'lost', detail: diagnostics || what };
}
