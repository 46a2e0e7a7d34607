// Which headers pass between the sandbox and the server. Used by the guest, which forwards what the agent and Pi
// ask, and by the runner, which does not take the guest's word for it.

/** The only headers of a request that reach the server; the runner adds the task key itself. */
const REQUEST_HEADERS = ['content-type', 'accept', 'prefer', 'last-event-id', 'idempotency-key'];
const RESPONSE_HEADERS = [
  'content-type',
  'cache-control',
  'retry-after',
  'content-disposition',
  'location',
  'preference-applied',
  'allow',
  'seed-approval',
  'seed-warning',
];

/** Every server reads these bytes the same way. */
const PLAIN_VALUE = /^[\x20-\x7e]{1,1000}$/;

/** By their names in lower case, as Node gives them; a header that came more than once is none of ours. */
type GivenHeaders = Readonly<Record<string, unknown>>;

/** The headers of a request that go on to the server. */
export function relayedRequestHeaders(headers: GivenHeaders): Record<string, string> {
  return pick(headers, (name, value) => REQUEST_HEADERS.includes(name) && PLAIN_VALUE.test(value));
}

/** The headers of an answer that go back into the sandbox. */
export function relayedResponseHeaders(headers: GivenHeaders): Record<string, string> {
  return pick(headers, (name) => RESPONSE_HEADERS.includes(name) || name.startsWith('ratelimit'));
}

function pick(headers: GivenHeaders, passes: (name: string, value: string) => boolean): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && passes(name, value)) kept[name] = value;
  }
  return kept;
}
