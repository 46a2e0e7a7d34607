// The constants of the guest's wire (see guest.ts), free of dependencies: the guest's bundle carries them.

export const READY_LINE = 'ready\n';
export const GUEST_PORT = 3210;

/** Where the guest's program may send requests through the runner; everything else is refused. */
export const FORWARDED_PREFIXES = ['/api/v1/', '/llm/v1/'] as const;

/** The only headers of a request that reach the server; the runner adds the task key itself. */
export const FORWARDED_REQUEST_HEADERS = [
  'content-type',
  'accept',
  'prefer',
  'last-event-id',
  'idempotency-key',
] as const;

/** The only headers of an answer that reach the sandbox; so do all that start with `ratelimit`. */
export const FORWARDED_RESPONSE_HEADERS = [
  'content-type',
  'cache-control',
  'retry-after',
  'content-disposition',
  'location',
  'preference-applied',
  'allow',
] as const;

const RESPONSE_HEADERS: ReadonlySet<string> = new Set(FORWARDED_RESPONSE_HEADERS);

export function isForwardedResponseHeader(name: string): boolean {
  return RESPONSE_HEADERS.has(name) || name.startsWith('ratelimit');
}
