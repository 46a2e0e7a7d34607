// What goes wrong with the upstream, as errors that a caller may read: its message without secrets or addresses.
import { z } from 'zod';
import { parseJson } from '../../lib/json.ts';
import { removeSecrets } from '../../lib/remove-secrets.ts';
import { SeedError } from '../../protocol/errors.ts';

const MESSAGE_LENGTH = 500;
const HINT =
  'Try again later. The operator of this server finds the details in its log and can check SEED_LLM_BASE_URL, the key and the model.';

interface FailureOptions {
  hint?: string;
  cause?: unknown;
  /** The HTTP status that the upstream answered with. */
  upstreamStatus?: number;
  retryAfterSeconds?: number;
  blames?: Blamed;
}

/**
 * Where it failed: `model`, and another one may do better; `call`, such as its request or the key, and none will;
 * `limits` of the account, which other models may not have.
 */
type Blamed = 'model' | 'call' | 'limits';

/** An `llm_unavailable`, with what the gateway needs in order to go on from it. */
export class UpstreamFailure extends SeedError {
  readonly upstreamStatus: number | null;
  readonly blames: Blamed;

  constructor(message: string, options: FailureOptions = {}) {
    const { hint = HINT, cause, retryAfterSeconds } = options;
    super('llm_unavailable', message, {
      hint,
      ...(cause === undefined ? {} : { cause }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
    this.upstreamStatus = options.upstreamStatus ?? null;
    this.blames = options.blames ?? 'model';
  }
}

/** `what` continues "the LLM upstream …". */
export function llmUnavailable(what: string, options?: FailureOptions): UpstreamFailure {
  return new UpstreamFailure(`the LLM upstream ${what}`, options);
}

/** Nobody listens, no time left to connect, and whatever is wrong with the other's certificate or TLS. */
const NO_CONNECTION = /^(ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT|EPROTO|ERR_TLS_|ERR_SSL_|CERT_|.*_CERT|UNABLE_TO_)/;

const ErrorShapes = z.union([
  z
    .object({
      error: z.object({
        message: z.string(),
        metadata: z.looseObject({ raw: z.string() }).optional().catch(undefined),
      }),
    })
    .transform(({ error }) => (error.metadata ? `${error.message}: ${error.metadata.raw}` : error.message)),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
]);

/** The upstream's message in a JSON error body, or null. */
export function messageOf(json: unknown): string | null {
  const parsed = ErrorShapes.safeParse(json);
  return parsed.success ? parsed.data : null;
}

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

/** Below 500, the answers that are about the model: no credits for it, no such model, too slow, too busy. */
const ABOUT_THE_MODEL: readonly number[] = [402, 404, 408, 429];

function isAboutTheModel(status: number, said: string): boolean {
  if (status >= 500 || ABOUT_THE_MODEL.includes(status)) return true;
  // OpenRouter answers 400 for a model that it does not have.
  const saysSo = /\b(not (a )?(valid|found|available)|does not exist|unknown|unavailable)\b/i;
  return status === 400 && /\bmodel\b/i.test(said) && saysSo.test(said);
}

/** The error for an answer with a status that is not 2xx. */
export function refusal(
  status: number,
  body: string,
  secrets: readonly string[],
  retryAfterMs: number | null,
): UpstreamFailure {
  const said = presentable(messageOf(parseObject(body)) ?? body, secrets);
  return llmUnavailable(said === '' ? `answered ${status}` : `answered ${status}: ${said}`, {
    upstreamStatus: status,
    blames: isAboutTheModel(status, said) ? 'model' : 'call',
    ...(retryAfterMs === null ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
  });
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
