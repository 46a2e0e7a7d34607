// How far the cluster's runtime separates a sandbox from its node: what its RuntimeClass's handler says it is,
// where the kernel that a probe has found in it agrees. Pure. Used by probe.ts.
import type { Isolation } from '../driver.ts';

export interface Evidence {
  /** The handler of the RuntimeClass; null: none is asked for, or it may not be read. */
  handler: string | null;
  /** The sandbox's /proc/version. */
  version: string;
  /** The sandbox's /proc/cmdline. */
  commandLine: string;
}

export interface Judgement {
  isolation: Isolation;
  /** Where handler and kernel do not agree. */
  warning?: string;
}

/** What gVisor's kernel says it is, whatever it runs on. */
const GVISOR_VERSION = /^Linux version 4\.\d+\.\d+(?:-gvisor)? .*(?:Sun Jan 10 15:06:54 PST 2016|gVisor)/i;
/** Kata's agent is told by the command line of its machine's kernel. */
const KATA_COMMAND_LINE = /\bagent\.\w+=|kata-containers|\bkata\b/;

/** An unknown runtime is told as what every container has. */
export function isolationOf({ handler, version, commandLine }: Evidence): Judgement {
  if (GVISOR_VERSION.test(version)) return { isolation: 'user-kernel' };
  if (KATA_COMMAND_LINE.test(commandLine)) return { isolation: 'vm' };
  const claims = handler !== null && /kata|firecracker|gvisor|runsc/.exec(handler)?.[0];
  if (!claims) return { isolation: 'container' };
  const warning =
    `The RuntimeClass's handler "${handler}" is called like ${claims}, but the kernel in its pods is not: ` +
    'they are told as containers. SEED_KUBERNETES_ISOLATION says otherwise, if you know better.';
  return { isolation: 'container', warning };
}
