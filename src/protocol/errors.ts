// The closed list of error codes with their HTTP status, and the one error class. Free of dependencies for CLI.
export const ERROR_STATUS = {
  invalid_json: 400,
  invalid_input: 400,
  unknown_scope: 400,
  unknown_model: 400,
  unpriced_model: 400,
  field_not_allowed: 400,
  /** What a task's output is to fit is no schema that Seed takes. */
  invalid_schema: 400,
  /** To agents: the model cannot take so much. Another call of less may do. */
  context_too_long: 400,
  /** To agents: whoever serves the model refuses the call, and asking again changes nothing. */
  llm_refused: 400,
  not_authenticated: 401,
  invalid_key: 401,
  /** A token of the platform's issuer that is none, or is not for this Seed. */
  invalid_token: 401,
  token_expired: 401,
  key_expired: 401,
  key_revoked: 401,
  key_disabled: 401,
  key_rotated: 401,
  budget_exceeded: 402,
  address_not_allowed: 403,
  missing_scope: 403,
  /** The platform of a pack is to be shown a credential, and this caller has none. */
  credential_missing: 403,
  operator_only: 403,
  /** A limit of the key, or of one above it, does not allow this call, or not so much or so often. */
  limit_exceeded: 403,
  /** A person said no to the call. */
  approval_denied: 403,
  /** Nobody decided on the call in time: that is no denial. */
  approval_expired: 403,
  /** The same write again and again, which the task is not to do. */
  loop_detected: 403,
  not_allowed: 403,
  /** A sound token names an account that is none of this Seed, or none at all. */
  unknown_account: 403,
  origin_not_allowed: 403,
  cross_site_request: 403,
  model_not_allowed: 403,
  too_deep: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  confirmation_needed: 409,
  lease_lost: 409,
  /** Another task goes on from the same one, or that one has not ended. */
  conversation_busy: 409,
  /** What is to be forgotten has not ended. */
  not_ended: 409,
  /** A later task of the conversation needs what is to be forgotten. */
  still_needed: 409,
  /** A legal hold keeps it. */
  held: 409,
  /** To runners: this server does not serve their version. Another one behind the same address may. */
  version_mismatch: 409,
  idempotency_mismatch: 409,
  idempotency_in_progress: 409,
  outcome_unknown: 409,
  /** What the call is about has changed since a person was asked. */
  approval_stale: 409,
  /** The approval has been decided on, or is over. */
  approval_decided: 409,
  /** What was said in the conversation is not kept any more. */
  conversation_forgotten: 410,
  /** It was there, and was forgotten with its task. */
  forgotten: 410,
  body_too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  rate_limited: 429,
  too_many_tasks: 429,
  spend_limit_reached: 429,
  internal: 500,
  llm_unavailable: 502,
  platform_unavailable: 502,
  no_usable_driver: 503,
  /**
   * Seed cannot answer now. What was asked for may have been done: the database may have been lost between a
   * commit and the news of it. Whoever repeats a write does so with its Idempotency-Key.
   */
  unavailable: 503,
  /** A disk that Seed writes to is full. As with `unavailable`, it is not certain that nothing was done. */
  storage_full: 503,
  /** Outside HTTP: settings, set-up, sandboxes and the CLI. */
  invalid_settings: 500,
  setup_failed: 500,
  sandbox_failed: 500,
  /** What a sandbox's technology cannot do, such as opening a stream again. */
  not_supported: 501,
  unreachable: 503,
  usage: 400,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** Why a task ended `failed`. */
export const TASK_ERROR_CODES = [
  'agent_failed',
  'sandbox_lost',
  'out_of_memory',
  'budget_exceeded',
  'llm_unavailable',
  'llm_refused',
  'context_too_long',
  'no_answer',
  'tool_call_unreadable',
  'output_invalid',
  'approval_expired',
  'interrupted',
] as const;
export type TaskErrorCode = (typeof TASK_ERROR_CODES)[number];

/** The body of every error answer. */
export interface ErrorBody {
  error: { code: ErrorCode; message: string; hint: string | null; requestId: string | null };
}

export interface SeedErrorOptions {
  hint?: string;
  cause?: unknown;
  retryAfterSeconds?: number;
  logged?: boolean;
  /** Unless said, refusals (statuses below 500) have done nothing, and of failures it is not known. */
  nothingDone?: boolean;
}

/** An error with a stable code. `message` says what happened to what, `hint` what to do next. */
export class SeedError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly status: number;
  /** The seconds after which trying again may help, where they are known. */
  readonly retryAfterSeconds: number | null;
  /** Whoever found it has written it to the log, once for all that meet it. */
  readonly logged: boolean;
  /** Whether it is certain that what was asked for was not done, not even in part. */
  readonly nothingDone: boolean;

  constructor(code: ErrorCode, message: string, options: SeedErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SeedError';
    this.code = code;
    this.hint = options.hint ?? null;
    this.status = ERROR_STATUS[code];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.logged = options.logged ?? false;
    this.nothingDone = options.nothingDone ?? this.status < 500;
  }

  toBody(requestId: string | null): ErrorBody {
    return { error: { code: this.code, message: this.message, hint: this.hint, requestId } };
  }
}

/** What a call that failed with this is answered. */
export function failureOf(error: unknown): { status: number; code: string } {
  return error instanceof SeedError ? error : { status: 500, code: 'internal' };
}
