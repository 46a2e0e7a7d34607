// What the gateway said about the last call of the model, heard beside Pi: Pi keeps of an error only its words.
// Used by model-fetch.ts, which lets it listen, and by pi.ts and run-agent.ts, which ask it.
import { isRecord, parseJson } from '../lib/json.ts';
import { ERROR_STATUS } from '../protocol/errors.ts';

export interface LlmFailure {
  /** The gateway's, such as `context_too_long`; null when it gave none. */
  code: string | null;
  message: string;
  /** Whether the same call may be answered another time. */
  mayChange: boolean;
}

export interface LlmWatch {
  /** Called before each call. */
  asked(): void;
  /** Called for each answer; the returned function takes the parts of its body, then null. */
  answered(status: number): (chunk: Buffer | null) => void;
  /** Of the last call; null when it went well, or broke off without a word of the gateway. */
  failure(): LlmFailure | null;
  /** Why the model will not do it, in its own words; empty when it did not say so. */
  refusal(): string;
}

const MESSAGE_BYTES = 8 * 1024;
/** Longer lines are parts of answers, and neither errors nor refusals. */
const LINE_LENGTH = 64 * 1024;
const REFUSAL_LENGTH = 2_000;
const ERROR_EVENT = /^data: ?\{"error"/;

export function createLlmWatch(): LlmWatch {
  let failure: LlmFailure | null = null;
  let refusal = '';

  const takeEvent = (line: string) => {
    if (ERROR_EVENT.test(line)) failure = failureIn(parseJson(line.slice('data:'.length)), null);
    else if (line.includes('"refusal":"')) refusal = (refusal + refusalIn(line)).slice(0, REFUSAL_LENGTH);
  };

  return {
    asked() {
      failure = null;
      refusal = '';
    },
    answered(status) {
      if (status < 400) return byLine(takeEvent);
      failure = failureIn(null, status);
      let body = '';
      return (chunk) => {
        if (chunk !== null) body = (body + chunk.toString('utf8')).slice(0, MESSAGE_BYTES);
        else failure = failureIn(parseJson(body), status);
      };
    },
    failure: () => failure,
    refusal: () => refusal,
  };
}

/** @param status of the answer; null for an error inside a stream */
function failureIn(body: unknown, status: number | null): LlmFailure {
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : {};
  const code = typeof error['code'] === 'string' ? error['code'] : null;
  const said = typeof error['message'] === 'string' ? error['message'] : '';
  const standing = status ?? ERROR_STATUS[code as keyof typeof ERROR_STATUS] ?? 500;
  const unsaid = status === null ? 'the LLM gateway broke off' : `the LLM gateway answered ${status}`;
  return { code, message: said || unsaid, mayChange: standing >= 500 || WORTH_ASKING_AGAIN.includes(standing) };
}

/** Of the refusals: too slow, in conflict with another, too early, too many. */
const WORTH_ASKING_AGAIN = [408, 409, 425, 429];

function refusalIn(line: string): string {
  const chunk = parseJson(line.slice('data:'.length));
  const choices = isRecord(chunk) && Array.isArray(chunk['choices']) ? chunk['choices'] : [];
  const delta = isRecord(choices[0]) ? choices[0]['delta'] : null;
  const refusal = isRecord(delta) ? delta['refusal'] : null;
  return typeof refusal === 'string' ? refusal : '';
}

function byLine(take: (line: string) => void): (chunk: Buffer | null) => void {
  const decoder = new TextDecoder();
  let line = '';
  let isTooLong = false;
  return (chunk) => {
    const parts = (chunk === null ? '\n' : decoder.decode(chunk, { stream: true })).split('\n');
    for (const [index, part] of parts.entries()) {
      if (line.length + part.length > LINE_LENGTH) isTooLong = true;
      line = isTooLong ? '' : line + part;
      if (index === parts.length - 1) break;
      if (!isTooLong) take(line);
      line = '';
      isTooLong = false;
    }
  };
}
