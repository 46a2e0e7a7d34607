// The constants of the guest's wire (see guest.ts), free of dependencies: the guest's bundle carries them.

export const READY_LINE = 'ready\n';
/** The answer of a guest that has its task. */
export const WORKING_LINE = 'working\n';
export const READY_QUESTION = 'ready?\n';
export const GUEST_PORT = 3210;
/** Counts the guest's batches of events from 1: one that is sent again keeps its number. */
export const BATCH_HEADER = 'seed-batch';
/** On the loopback port: GET the schema, POST the answer. */
export const OUTPUT_PATH = '/output';
/** Of a request to the door: what the guest made up, so that nothing else in its sandbox is taken for it. */
export const GUEST_HEADER = 'seed-guest';
/** Of an answer of the door's: nothing was done, and there is nothing to tell yet. The same is asked again. */
export const AGAIN_HEADER = 'seed-again';
