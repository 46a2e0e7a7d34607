// Whether something failed because the host has nothing left for it: that passes, and is nobody's doing who was
// asked. Who has no file descriptor left has seen nothing. Used by the runner, the webhooks and whatever looks
// into /proc.

/** No file descriptor, process, memory, port or room on the disk. */
const LACKS: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'ENOMEM',
  'ENOBUFS',
  'EADDRNOTAVAIL',
  'ENOSPC',
  'EDQUOT',
]);

/** Of an error of Node, or one that such an error caused. */
export function isHostLack(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return LACKS.has((error as NodeJS.ErrnoException).code ?? '') || isHostLack(error.cause);
}

/**
 * For a look that may fail: the value where there is nothing to see; rejects where this process could not look.
 */
export function unlessShort<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (isHostLack(error)) throw error;
    return value;
  };
}
