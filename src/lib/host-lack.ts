// Whether something failed because the host has nothing left for it: that passes, and is nobody's doing who was asked.

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
