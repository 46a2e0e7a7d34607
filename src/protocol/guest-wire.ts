// The constants of the guest's wire (see guest.ts), free of dependencies: the guest's bundle carries them.

export const READY_LINE = 'ready\n';
export const READY_QUESTION = 'ready?\n';
export const GUEST_PORT = 3210;
