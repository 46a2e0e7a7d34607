// How a Node is started that will be frozen: what it ever took lies in the snapshot, is read at every restore, and
// is in every sandbox. Used by the image build for the guest and by the guest for the process of the CLI.

/**
 * No threads for compiling and collecting beside the one that works, whose stacks and arenas would be kept; and
 * nothing collects because time has passed, for to a restored process it has.
 */
export const FROZEN_NODE_FLAGS = [
  '--single-threaded',
  '--v8-pool-size=1',
  '--no-memory-reducer',
  '--no-minor-gc-task',
];
