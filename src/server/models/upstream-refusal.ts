// What an upstream refused, and with which words, as the error that the gateway goes on from: whether waiting,
// another model or less of the conversation may help, or nothing. Called by upstream-completion.ts and
// read-answer.ts.
import { parseJson } from '../../lib/json.ts';
import { codesOf, errorIn, messageOf, readableText, statusSaid } from './dialect/said-error.ts';
import { saysTooLong } from './dialect/too-long.ts';
import { retryTimeOf } from './retry-time.ts';
import { llmUnavailable, presentable, REFUSED_HINT, UpstreamFailure } from './upstream-failure.ts';

/** So much of an error is looked at for what it means. */
const LOOKED_AT = 8_000;

interface RefusedAnswer {
  /** That of the answer, or the one that an error within a 2xx answer tells of; null: it tells none. */
  status: number | null;
  /** The words, whole. */
  said: string;
  json: unknown;
  headers: Headers;
  secrets: readonly string[];
  /** Continues "the LLM upstream …", before its words. */
  doing: string;
}

/** The error for an answer whose status is not 2xx. @param body as far as it was read */
export function refusalOf(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  body: string,
  secrets: readonly string[],
): UpstreamFailure {
  const json = parseJson(body);
  const said = messageOf(json) ?? readableText(body);
  return failureOf({ status, headers, json, said, secrets, doing: `answered ${status}` });
}

/**
 * The error that an event of a 2xx answer, or a whole one, tells of; null when it tells of none.
 * @param name the event's own name, where it has one
 */
export function failureIn(
  event: { name: string; text: string; json: unknown },
  { secrets, isDocument }: { secrets: readonly string[]; isDocument: boolean },
): UpstreamFailure | null {
  const { name, text, json } = event;
  const isObject = typeof json === 'object' && json !== null;
  const found = isObject ? errorIn(json) : null;
  if (found === null && name.toLowerCase() !== 'error') return null;
  const told = found ?? json;
  return failureOf({
    status: statusSaid(codesOf(told)),
    headers: new Headers(),
    json: told,
    said: messageOf(told ?? text) ?? text,
    secrets,
    doing: isDocument ? 'sent no completion' : 'broke off',
  });
}

function failureOf({ status, said, json, headers, secrets, doing }: RefusedAnswer): UpstreamFailure {
  const words = presentable(said, secrets);
  const text = said.slice(0, LOOKED_AT);
  const codes = codesOf(json);
  const message = words === '' ? doing : `${doing}: ${words}`;
  const options = { upstreamStatus: status ?? 200 };
  if (saysTooLong({ status, text, codes })) {
    // With the words by which agents know it (OpenAI's code).
    return new UpstreamFailure(`context length exceeded: the LLM upstream ${message}`, {
      ...options,
      code: 'context_too_long',
      hint: 'Send less of the conversation, or use a model with a larger context.',
      blames: 'call',
    });
  }
  const isLoading = saysLoading(status, text, json);
  const retryMs = retryTimeOf({ headers, json, text });
  const isLasting = !isLoading && isForGood({ status, text, codes, namesTime: retryMs !== null });
  return llmUnavailable(message, {
    ...options,
    ...(isLasting && { code: 'llm_refused', hint: REFUSED_HINT }),
    blames: isLoading || isAboutTheModel(status, text) ? 'model' : 'call',
    isLoading,
    ...(retryMs !== null && { retryAfterSeconds: retryMs / 1000 }),
  });
}

/** Below 500, the answers that are about the model: no credits for it, no such model, too slow, too busy. */
const ABOUT_THE_MODEL: readonly number[] = [402, 404, 408, 425, 429];

function isAboutTheModel(status: number | null, said: string): boolean {
  if (status === null || status >= 500 || ABOUT_THE_MODEL.includes(status)) return true;
  // OpenRouter answers 400 for a model that it does not have.
  const saysSo = /\b(not (a )?(valid|found|available)|does not exist|unknown|unavailable)\b/i;
  return status === 400 && /\bmodel\b/i.test(said) && saysSo.test(said);
}

/** Of the statuses below 500 those that pass. */
const PASSING: readonly number[] = [408, 409, 425, 429];
const SPENT =
  /insufficient[ _](?:quota|balance|credits?|funds)|exceeded your current quota|credit balance|(?:out of|no|more) credits?\b|billing (?:hard )?limit|payment required/i;
/** What an error within a 2xx answer is called when the same request will meet it again. */
const REFUSING =
  /^(?:invalid_?(?:request|param|argument|api_?key)|bad_?request|authentication|permission|unauthori[sz]ed|forbidden|not_?found|model_not_found|unsupported|insufficient_quota|unprocessable)/;

interface Judged {
  status: number | null;
  text: string;
  codes: readonly string[];
  /** Whether it says when to come back. */
  namesTime: boolean;
}

function isForGood({ status, text, codes, namesTime }: Judged): boolean {
  if (namesTime && (status === null || status === 429)) return false;
  if (status === null) return SPENT.test(text) || codes.some((code) => REFUSING.test(code));
  if (status >= 500) return false;
  if (status === 429) return codes.includes('insufficient_quota') || SPENT.test(text);
  return !PASSING.includes(status);
}

/** Whatever the status. */
const LOADS =
  /\b(?:(?:is|are|still|currently|now|server) (?:being )?(?:loading|loaded|starting|warming|initiali[sz]ing|downloaded|downloading|deployed)|(?:^|[:"] ?)loading (?:the )?model|model (?:is )?(?:loading|starting|warming|not (?:yet )?ready)|(?:starting|warming|spinning|booting) up|cold start)\b/i;
/** With 503, where nothing but a server that is not ready would say it. */
const STARTS =
  /\b(?:loading|starting|started|warm\w*|initiali[sz]\w*|not (?:yet )?ready|boot\w*|wak(?:e|ing)\w*|sleep\w*|spin\w*|scal(?:e|ing)\w*|no healthy upstream|no (?:available |ready )?(?:instances?|replicas?|workers?|backends?|endpoints?))\b/i;
const FAILED_TO_LOAD =
  /\b(?:(?:error|failed|failure|failing|unable|cannot|could not|can't)\b.{0,40}\bload\w*|loading .{0,60}\bfailed)/i;

function saysLoading(status: number | null, text: string, json: unknown): boolean {
  if (status === 401 || status === 402 || status === 403 || FAILED_TO_LOAD.test(text)) return false;
  if (LOADS.test(text)) return true;
  return status === 503 && (STARTS.test(text) || hasEstimate(json));
}

/** Hugging Face's. */
function hasEstimate(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'estimated_time' in json;
}
