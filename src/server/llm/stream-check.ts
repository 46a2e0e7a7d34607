// Looks at each line of an upstream's event stream as it passes: its usage, its end, its errors and its garbage.
import { llmUnavailable, messageOf, presentable } from './upstream-failure.ts';
import { type TokenUsage, usageOf } from './usage.ts';

export interface StreamCheck {
  /**
   * `done` for the closing `[DONE]`, `beside` for what carries nothing of the answer.
   * Throws llm_unavailable for an error of the upstream and for what is no event stream.
   */
  line(line: Buffer): 'event' | 'done' | 'beside';
  /** The last usage that was seen. */
  usage(): TokenUsage | null;
  /** Whether the model came to an end, with or without a `[DONE]`. */
  finished(): boolean;
}

function parsePayload(payload: string): object {
  try {
    const json: unknown = JSON.parse(payload);
    if (typeof json === 'object' && json !== null) return json;
  } catch (error) {
    throw llmUnavailable('sent an event that is not JSON', { cause: error });
  }
  throw llmUnavailable('sent an event that is not a JSON object');
}

function hasFinishReason(json: object): boolean {
  if (!('choices' in json) || !Array.isArray(json.choices)) return false;
  return json.choices.some((choice: { finish_reason?: unknown } | null) => Boolean(choice?.finish_reason));
}

/** @param secrets values that must not show in an error */
export function createStreamCheck(secrets: readonly string[]): StreamCheck {
  let usage: TokenUsage | null = null;
  let finished = false;
  return {
    line(line) {
      const text = line.toString('utf8').trim();
      if (text === '' || /^(?::|(?:event|id|retry)(?::|$))/.test(text)) return 'beside';
      if (!text.startsWith('data:')) throw llmUnavailable('sent something that is not an event stream');
      const payload = text.slice('data:'.length).trim();
      if (payload === '[DONE]') {
        finished = true;
        return 'done';
      }
      const json = parsePayload(payload);
      usage = usageOf(json) ?? usage;
      if ('error' in json && json.error) {
        throw llmUnavailable(`broke off: ${presentable(messageOf(json) ?? payload, secrets)}`);
      }
      finished ||= hasFinishReason(json);
      return 'event';
    },
    usage: () => usage,
    finished: () => finished,
  };
}
