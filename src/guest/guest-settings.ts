// Where things are for the guest. The defaults describe the sandbox; tests run the same program elsewhere.
import { GUEST_PORT } from '../protocol/guest-wire.ts';

export interface GuestSettings {
  /** The agent's working folder. */
  workspaceDir: string;
  homeDir: string;
  /** The `seed` command is written here; first on the PATH of the agent's commands. */
  binDir: string;
  /** The rest of that PATH. */
  path: string;
  /** Port of the loopback proxy; 0 takes any free one. */
  port: number;
  /** Where /etc/hostname, /etc/hosts and /etc/machine-id are written anew; null: the machine keeps its name. */
  runDir: string | null;
  /** Socket on which the guest is reached, again after a loss; null: over its standard input and output, once. */
  listen: string | null;
  /** Where one that listens leaves its last words, if there is such a file. */
  terminationLog: string;
  /**
   * Pretend tasks before it can be reached: many where it is frozen then, few where every start waits for them.
   */
  rehearsals: number;
  /** Who runs the agent's commands; null: whoever runs the guest. */
  agent: { uid: number; gid: number } | null;
}

const SANDBOX_SETTINGS: GuestSettings = {
  workspaceDir: '/workspace',
  homeDir: '/home/agent',
  binDir: '/run/seed/bin',
  path: '/opt/seed/extra/bin:/usr/local/bin:/usr/bin:/bin',
  port: GUEST_PORT,
  runDir: '/run',
  listen: null,
  terminationLog: '/dev/termination-log',
  rehearsals: 12,
  agent: { uid: 1000, gid: 1000 },
};

/** The sandbox's settings, with those in the JSON argument (the guest's first) in their place. */
export function guestSettings(argument: string | undefined): GuestSettings {
  if (argument === undefined) return SANDBOX_SETTINGS;
  return { ...SANDBOX_SETTINGS, ...(JSON.parse(argument) as Partial<GuestSettings>) };
}
