// What Vercel's API, or the way to it, says of a call that did not succeed, as Seed's error. Used by client.ts and
// terminal.ts.
import { isRecord, parseJson } from '../../lib/json.ts';
import { type ErrorCode, SeedError } from '../../protocol/errors.ts';

const CODES: Record<number, ErrorCode> = {
  400: 'invalid_input',
  401: 'not_authenticated',
  402: 'limit_exceeded',
  403: 'not_allowed',
  404: 'not_found',
  409: 'conflict',
  /** A session that has been stopped, or a snapshot that is gone. */
  410: 'not_found',
};

const HINTS: Partial<Record<number, string>> = {
  401: 'The token is not taken: it has expired, or is of another team.',
  402: 'The plan’s included amount is used up, or its spend limit reached.',
  403: 'The token may not do this in this team and project.',
};

/** Sessions that are about to end, which answer so for a while. */
const PASSING = new Set(['sandbox_stopping', 'sandbox_snapshotting']);
const SAID_CHARACTERS = 500;
const MOST_WAIT_SECONDS = 3600;

export interface Answer {
  status: number;
  body: string;
  retryAfter: string | null;
}

export function refusalOf(what: string, { status, body, retryAfter }: Answer, cause?: unknown): SeedError {
  const json = parseJson(body);
  const error = isRecord(json) && isRecord(json['error']) ? json['error'] : {};
  const said = typeof error['message'] === 'string' ? error['message'] : body.trim() || `HTTP ${status}`;
  const message = `Vercel does not ${what}: ${said.slice(0, SAID_CHARACTERS)}`;
  const more = { ...(cause !== undefined && { cause }) };
  if (status === 429) {
    const seconds = Number(retryAfter ?? 1);
    const retryAfterSeconds = Number.isFinite(seconds) ? Math.min(MOST_WAIT_SECONDS, Math.max(0, seconds)) : 1;
    return new SeedError('unavailable', message, { ...more, retryAfterSeconds, nothingDone: true });
  }
  if (PASSING.has(String(error['code']))) return new SeedError('unreachable', message, more);
  const hint = HINTS[status];
  const code = CODES[status];
  if (code !== undefined) return new SeedError(code, message, { ...more, ...(hint && { hint }) });
  // What is no answer of this API, too.
  return new SeedError(status >= 400 && status < 500 ? 'invalid_input' : 'unreachable', message, more);
}

export function noAnswer(what: string, cause: unknown): SeedError {
  const { message, cause: deeper } = cause as Error & { cause?: Error };
  const why = [message, deeper?.message].filter(Boolean).join(': ');
  return new SeedError('unreachable', `Vercel gave no answer when it was to ${what}: ${why}`, { cause });
}
