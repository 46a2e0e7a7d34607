// The command line of the guest in a cluster: it waits at a socket, which the bridge in the sandbox image joins
// with the standard streams of whoever runs it there. Used by the driver and by the maker of the sandbox image.
import { COMMAND } from '../image/build-image.ts';

/** Its pod has one user only, who runs the agent's commands, too; nor is the machine's name its to change. */
const SETTINGS = { listen: '/run/seed/guest.sock', agent: null, runDir: null };

export const LISTENING_GUEST: readonly string[] = [...COMMAND, JSON.stringify(SETTINGS)];

export const BRIDGE = '/opt/seed/bridge';
