// The constants of the guest's wire (see guest.ts), free of dependencies: the guest's bundle carries them.

export const READY_LINE = 'ready\n';
export const READY_QUESTION = 'ready?\n';
export const GUEST_PORT = 3210;

/** The only headers of a request that reach the server; the runner adds the task key itself. */
export const FORWARDED_REQUEST_HEADERS = [
  'content-type',
  'accept',
  'prefer',
  'last-event-id',
  'idempotency-key',
] as const;

const FORWARDED_RESPONSE_HEADERS: ReadonlySet<string> = new Set([
  'content-type',
  'cache-control',
  'retry-after',
  'content-disposition',
  'location',
  'preference-applied',
  'allow',
]);

/** Whether a header of an answer may reach the sandbox. */
export function isForwardedResponseHeader(name: string): boolean {
  return FORWARDED_RESPONSE_HEADERS.has(name) || name.startsWith('ratelimit');
}
