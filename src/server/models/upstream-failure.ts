// What goes wrong with the upstream, as errors that a caller may read: its message without secrets or addresses.
import { parseJson } from '../../lib/json.ts';
import { removeSecrets } from '../../lib/remove-secrets.ts';
import { SeedError } from '../../protocol/errors.ts';

const MESSAGE_LENGTH = 500;
const OPERATOR =
  'The operator of this server finds the details in its log and can check SEED_LLM_BASE_URL, the key and the model.';
const HINT = `Try again later. ${OPERATOR}`;
export const REFUSED_HINT = `The same call will be refused again. ${OPERATOR}`;

interface FailureOptions {
  code?: FailureCode;
  hint?: string;
  cause?: unknown;
  /** The HTTP status that the upstream answered with, or that an error in its answer tells of. */
  upstreamStatus?: number;
  /** When it can be asked again, where it said so; may be less than a second. */
  retryAfterSeconds?: number;
  /** It is not ready yet, and will be without anybody doing anything. */
  isLoading?: boolean;
  blames?: Blamed;
}

/** `llm_refused`: asking the same again would be refused again. `context_too_long`: less of it may pass. */
type FailureCode = 'llm_unavailable' | 'llm_refused' | 'context_too_long';

/**
 * Where it failed: `model`, and another one may do better; `call`, such as its request or the key, and none will;
 * `limits` of the account, which other models may not have.
 */
type Blamed = 'model' | 'call' | 'limits';

/** Why a model did not answer, with what the gateway needs in order to go on from it. */
export class UpstreamFailure extends SeedError {
  readonly upstreamStatus: number | null;
  readonly retryAfterMs: number | null;
  readonly isLoading: boolean;
  readonly blames: Blamed;
  readonly #options: FailureOptions;

  constructor(message: string, options: FailureOptions = {}) {
    const { code = 'llm_unavailable', hint = HINT, cause, retryAfterSeconds } = options;
    super(code, message, {
      hint,
      ...(cause === undefined ? {} : { cause }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterSeconds) }),
    });
    this.upstreamStatus = options.upstreamStatus ?? null;
    this.retryAfterMs = retryAfterSeconds === undefined ? null : retryAfterSeconds * 1000;
    this.isLoading = options.isLoading ?? false;
    this.blames = options.blames ?? 'model';
    this.#options = options;
  }

  /** The same, with what is left of the time that it named. */
  in(ms: number): UpstreamFailure {
    return new UpstreamFailure(this.message, { ...this.#options, retryAfterSeconds: ms / 1000 });
  }
}

/** `what` continues "the LLM upstream …". */
export function llmUnavailable(what: string, options?: FailureOptions): UpstreamFailure {
  return new UpstreamFailure(`the LLM upstream ${what}`, options);
}

/** Nobody listens, no time left to connect, and whatever is wrong with the other's certificate or TLS. */
const NO_CONNECTION = /^(ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT|EPROTO|ERR_TLS_|ERR_SSL_|CERT_|.*_CERT|UNABLE_TO_)/;

/** Null when it is no JSON object. */
export function parseObject(text: string): object | null {
  const json = parseJson(text);
  return typeof json === 'object' ? json : null;
}

/** The upstream's own words on one line, at most 500 characters, without secrets. */
export function presentable(text: string, secrets: readonly string[]): string {
  // Secrets go first: cutting or joining lines before could leave half of one standing.
  const oneLine = removeSecrets(text, secrets)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return oneLine.length > MESSAGE_LENGTH ? `${oneLine.slice(0, MESSAGE_LENGTH)}…` : oneLine;
}

/** Whether a request certainly did not reach its upstream: there was no connection to send it on. */
export function neverArrived(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (typeof cause !== 'object' || cause === null) return false;
  const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return typeof code === 'string' && NO_CONNECTION.test(code);
}

/** The error for a connection that was not made or broke. Names only its code: addresses are the operator's. */
export function connectionFailure(error: unknown, doing: string): SeedError {
  if (error instanceof SeedError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? ` (${String(cause.code)})` : '';
  return llmUnavailable(`${doing}${code}`, { cause: error });
}
