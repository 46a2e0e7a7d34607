// How the guest is started, wherever its image came from. By itself: a function that starts sandboxes elsewhere
// has no tools to make images.
import { FROZEN_NODE_FLAGS } from '../../guest/frozen-node.ts';

/** A small young generation: what it ever took is in the snapshot. */
export const COMMAND = ['/usr/bin/node', '--max-semi-space-size=2', ...FROZEN_NODE_FLAGS, '/opt/seed/guest.mjs'];
