// Looks at each line of an upstream's event stream as it passes: what it counts for, its end, its errors and its garbage.
import { parseJson } from '../../lib/json.ts';
import type { CallMeter } from './call-meter.ts';
import { llmUnavailable, messageOf, presentable } from './upstream-failure.ts';

export interface StreamCheck {
  /**
   * `done` for the closing `[DONE]`, `beside` for what carries nothing of the answer.
   * Throws llm_unavailable for an error of the upstream and for what is no event stream.
   */
  line(line: Buffer): 'event' | 'done' | 'beside';
}

function parsePayload(payload: string): object {
  const json = parseJson(payload, (cause) => llmUnavailable('sent an event that is not JSON', { cause }));
  if (typeof json === 'object' && json !== null) return json;
  throw llmUnavailable('sent an event that is not a JSON object');
}

function hasFinishReason(json: object): boolean {
  if (!('choices' in json) || !Array.isArray(json.choices)) return false;
  return json.choices.some((choice: { finish_reason?: unknown } | null) => Boolean(choice?.finish_reason));
}

/** @param secrets values that must not show in an error */
export function createStreamCheck(meter: CallMeter, secrets: readonly string[]): StreamCheck {
  let begun = false;
  return {
    line(line) {
      const text = line.toString('utf8').trim();
      if (text === '' || /^(?::|(?:event|id|retry)(?::|$))/.test(text)) return 'beside';
      if (!text.startsWith('data:')) throw llmUnavailable('sent something that is not an event stream');
      const payload = text.slice('data:'.length).trim();
      if (payload === '[DONE]') {
        meter.finished();
        return 'done';
      }
      const json = parsePayload(payload);
      meter.answered(json);
      if ('error' in json && json.error) {
        if (!begun) meter.notServed();
        throw llmUnavailable(`broke off: ${presentable(messageOf(json) ?? payload, secrets)}`);
      }
      begun = true;
      if (hasFinishReason(json)) meter.finished();
      return 'event';
    },
  };
}
