// What goes wrong with the upstream, as errors that a caller may read: its own message, without secrets or addresses.
import { z } from 'zod';
import { SeedError } from '../../protocol/errors.ts';
import { removeSecrets } from './remove-secrets.ts';

const MESSAGE_LENGTH = 500;

/** An llm_unavailable error; `what` continues "the LLM upstream …". */
export function llmUnavailable(what: string, cause?: unknown): SeedError {
  return new SeedError('llm_unavailable', `the LLM upstream ${what}`, {
    hint: 'Try again later. The operator of this server finds the details in its log and can check SEED_LLM_BASE_URL, the key and the model.',
    ...(cause === undefined ? {} : { cause }),
  });
}

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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The upstream's own words on one line, at most 500 characters, without secrets. */
export function presentable(text: string, secrets: readonly string[]): string {
  // Secrets go first: cutting or joining lines before could leave half of one standing.
  const oneLine = removeSecrets(text, secrets)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return oneLine.length > MESSAGE_LENGTH ? `${oneLine.slice(0, MESSAGE_LENGTH)}…` : oneLine;
}

/** The error for an answer with a status that is not 2xx. */
export function refusal(status: number, body: string, secrets: readonly string[]): SeedError {
  const said = presentable(messageOf(parseJson(body)) ?? body, secrets);
  return llmUnavailable(said === '' ? `answered ${status}` : `answered ${status}: ${said}`);
}

/** The error for a connection that could not be made or broke. Names its code only: an address is the operator's matter. */
export function connectionFailure(error: unknown, doing: string): SeedError {
  if (error instanceof SeedError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? ` (${String(cause.code)})` : '';
  return llmUnavailable(`${doing}${code}`, error);
}
