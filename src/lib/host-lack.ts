// Whether something failed because the host has nothing left for it: that passes, and is not the doing of who was
// asked. Used by the runner, the webhooks and whatever looks into /proc: without a descriptor it has seen nothing.

/** No file descriptor, process, memory, port or room on the disk. */
const LACKS = ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL', 'ENOSPC', 'EDQUOT'];

/** Of an error of Node, or one that such an error caused. */
export function isHostLack(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return LACKS.includes((error as NodeJS.ErrnoException).code ?? '') || isHostLack(error.cause);
}

/** For a look that may fail: the value where there is nothing to see; throws where this process could not look. */
export function unlessShort<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (isHostLack(error)) throw error;
    return value;
  };
}
