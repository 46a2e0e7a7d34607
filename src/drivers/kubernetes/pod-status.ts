// What the status of a sandbox's pod says: that it runs, how it has ended, why it does not start. Pure.
import { isRecord, parseJson } from '../../lib/json.ts';
import { DETAIL_BYTES, type Exit } from '../driver.ts';
import type { Pod, Terminated } from './pod.ts';

/** Exit codes from here on tell of a signal, as shells and container runtimes count them. */
const SIGNAL_CODES = 128;
const SIGKILL_CODE = 137;

/** Why its node will never run it; what else it waits for may come. */
const NEVER_STARTS = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ImageInspectError',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
]);

/** What a program that has ended left in its termination log; see src/guest. */
interface LastWords {
  cpuSeconds?: number;
  peakMemoryBytes?: number;
  /** The end of what it has said on standard error. */
  said?: string;
}

/** How the sandbox has ended, as far as its status tells; null while it has not. */
export function exitOf(pod: Pod): Exit | null {
  const { phase, reason, message } = pod.status ?? {};
  const ended = terminatedOf(pod);
  if (phase !== 'Failed' && phase !== 'Succeeded' && !ended) return null;
  if (reason === 'DeadlineExceeded') return { reason: 'deadline' };
  // The pod's own reason is somebody else's doing: evicted, preempted, its node shut down or was lost.
  const disruption = disruptionOf(pod);
  if (reason !== undefined || disruption !== null) {
    return lost([reason, message, disruption, nodeOf(pod)].filter(Boolean).join(': '));
  }
  if (!ended) return lost(`its pod has the phase ${phase} and no end of its program`);
  return exitOfProgram(ended);
}

function exitOfProgram(ended: Terminated): Exit {
  const { exitCode, signal, reason } = ended;
  // The reason is told of a program, too, that has outlived others whose memory was taken.
  if (reason === 'OOMKilled' && exitCode === SIGKILL_CODE) return { reason: 'out_of_memory' };
  if (reason === 'ContainerStatusUnknown') return lost('its node does not know any more how it ended');
  if (reason === 'StartError' || reason === 'ContainerCannotRun')
    return lost(`its program cannot be started: ${ended.message ?? reason}`);
  if (exitCode >= SIGNAL_CODES || signal !== undefined) {
    return lost(`its program was killed by signal ${signal ?? exitCode - SIGNAL_CODES}`);
  }
  const said = lastWords(ended.message)?.said;
  return { reason: 'exited', code: exitCode, ...(said && { detail: said.slice(-DETAIL_BYTES) }) };
}

function terminatedOf(pod: Pod): Terminated | undefined {
  return pod.status?.containerStatuses?.[0]?.state?.terminated;
}

const lost = (detail: string): Exit => ({ reason: 'lost', detail: detail.slice(0, DETAIL_BYTES) });

const nodeOf = ({ spec: { nodeName } }: Pod) => (nodeName ? `node ${nodeName}` : null);

/** Why the control plane takes the pod away; null when it does not. */
function disruptionOf(pod: Pod): string | null {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  if (condition?.status !== 'True') return null;
  return [condition.reason, condition.message].filter(Boolean).join(': ');
}

/** How a sandbox has ended whose pod somebody has removed. @param last as it was last seen */
export function exitOfRemoved(last: Pod): Exit {
  const exit = exitOf(last);
  if (exit !== null && exit.reason !== 'lost') return exit;
  const why = disruptionOf(last) ?? 'somebody has deleted its pod';
  return lost([why, nodeOf(last)].filter(Boolean).join(': '));
}

export function isRunning(pod: Pod): boolean {
  return pod.status?.containerStatuses?.[0]?.state?.running !== undefined;
}

/**
 * What keeps the pod from running. `never`: it will not; else the cluster may yet find room for it.
 * Null while nothing does.
 */
export function startProblem(pod: Pod): { never: boolean; text: string } | null {
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting;
  if (waiting?.reason && NEVER_STARTS.has(waiting.reason)) {
    return { never: true, text: [waiting.reason, waiting.message].filter(Boolean).join(': ') };
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    return { never: false, text: [scheduled.reason, scheduled.message].filter(Boolean).join(': ') };
  }
  return null;
}

/** The account that the guest has given at its end; null where there is none, or it is something else. */
export function lastAccount(pod: Pod): { cpuSeconds: number; peakMemoryBytes: number } | null {
  const { cpuSeconds, peakMemoryBytes } = lastWords(terminatedOf(pod)?.message) ?? {};
  if (!isAmount(cpuSeconds) || !isAmount(peakMemoryBytes)) return null;
  return { cpuSeconds, peakMemoryBytes };
}

const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;

/** What its program left. Whoever runs in the sandbox can write it: nothing is taken for granted. */
function lastWords(text: string | undefined): LastWords | null {
  const words = parseJson(text ?? '');
  if (!isRecord(words)) return null;
  const { cpuSeconds, peakMemoryBytes, said } = words;
  return {
    ...(isAmount(cpuSeconds) && { cpuSeconds }),
    ...(isAmount(peakMemoryBytes) && { peakMemoryBytes }),
    ...(typeof said === 'string' && { said }),
  };
}
