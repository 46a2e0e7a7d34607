// The command line of the guest in a cluster: it waits at a socket, which the bridge in the sandbox image joins
// with the standard streams of whoever runs it there. Used by the driver and by the maker of the sandbox image.
import { COMMAND } from '../image/guest-command.ts';

/** Its pod has one user only, who runs the agent's commands, too; nor is the machine's name its to change. */
const SETTINGS = { listen: '/run/seed/guest.sock', agent: null, runDir: null };

export const LISTENING_GUEST: readonly string[] = [...COMMAND, JSON.stringify(SETTINGS)];

/**
 * In front of a command that is run in a sandbox's container, where the kubelet gives it the environment that the
 * guest is kept from: an agent can read that of any process.
 */
export const NO_ENVIRONMENT: readonly string[] = ['/usr/bin/env', '-i'];

export const BRIDGE: readonly string[] = [...NO_ENVIRONMENT, '/opt/seed/bridge'];
