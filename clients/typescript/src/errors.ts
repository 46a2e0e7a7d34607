// What a call ends with when it does not end well.
import type { ErrorCode } from './generated/types.ts';

/** `unreachable`: no answer came. `bad_answer`: what came is none of Seed's. Else the server's own code. */
export type ClientErrorCode = ErrorCode | 'unreachable' | 'bad_answer' | 'bad_signature';

export class SeedError extends Error {
  override readonly name = 'SeedError';
  readonly code: ClientErrorCode;
  /** Of the HTTP answer; null where there was none. */
  readonly status: number | null;
  /** What to do next; null where there is nothing to say. */
  readonly hint: string | null;
  /** To look it up by in the server's log. */
  readonly requestId: string | null;
  /** How long to wait before it is tried again, in seconds; null where the server does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(code: ClientErrorCode, message: string, more: Partial<ErrorDetails> & { cause?: unknown } = {}) {
    super(message, 'cause' in more ? { cause: more.cause } : undefined);
    this.code = code;
    this.status = more.status ?? null;
    this.hint = more.hint ?? null;
    this.requestId = more.requestId ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
}

export interface ErrorDetails {
  status: number | null;
  hint: string | null;
  requestId: string | null;
  retryAfterSeconds: number | null;
}

/** Of an answer that is an error. */
export async function errorOf(response: Response): Promise<SeedError> {
  const text = await response.text().catch(() => '');
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  const details = { status: response.status, retryAfterSeconds: Number.isFinite(after) ? after : null };
  try {
    const { error } = JSON.parse(text) as { error: Record<'code' | 'message' | 'hint' | 'requestId', string> };
    return new SeedError(error.code as ErrorCode, error.message, {
      ...details,
      hint: error.hint,
      requestId: error.requestId,
    });
  } catch {
    // Of a proxy on the way.
    return new SeedError('bad_answer', `it was answered ${response.status}: ${text.slice(0, 200)}`, details);
  }
}
