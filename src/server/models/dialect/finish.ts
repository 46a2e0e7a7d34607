// How an answer ended, in the standard's four words. Called by normaliser.ts.
import { isRecord } from '../../../lib/json.ts';
import type { FinishReason } from './answer-piece.ts';
import { BadAnswer } from './bad-answer.ts';

type Meaning = 'none' | 'failed' | FinishReason;

/** In lower case, words joined by `_`. Whatever is not here is an end like `stop`. */
const MEANINGS: Partial<Record<Meaning, string>> = {
  none: `null none undefined unspecified in_progress not_finished false
    finish_reason_unspecified stop_reason_unspecified`,
  length: `length length_limit max_length model_length max_tokens max_token max_new_tokens max_output_tokens
    max_completion_tokens token_limit context_length context_length_exceeded max_context_length incomplete
    model_context_window_exceeded truncated budget finish_reason_max_tokens finish_reason_length`,
  tool_calls: `tool_calls tool_call tool_use tooluse tools function_call function_calls function
    finish_reason_tool_calls`,
  content_filter: `content_filter content_filtered safety recitation blocklist prohibited_content spii sensitive
    refusal refused blocked filtered moderation guardrail guardrails guardrail_intervened model_armor
    content_policy policy_violation image_safety unsafe responsible_ai_policy_violation data_inspection_failed
    finish_reason_safety`,
  failed: `error errored failed failure network_error server_error internal_error timeout abort aborted cancelled
    canceled interrupted overloaded insufficient_system_resource malformed_function_call unexpected_tool_call
    malformed_response error_toxic error_limit`,
};
const MEANING_OF = new Map<string, Meaning>([['', 'none']]);
for (const [meaning, words] of Object.entries(MEANINGS))
  for (const word of words.split(/\s+/)) MEANING_OF.set(word, meaning as Meaning);

/**
 * Null where nothing says that the answer has ended.
 * @param places where it may be said, the most likely first
 * @throws BadAnswer when it has ended because something failed
 */
export function finishOf(...places: readonly unknown[]): FinishReason | null {
  for (const place of places) {
    if (!isRecord(place)) continue;
    const said = place['finish_reason'] ?? place['finishReason'] ?? reasonBesides(place);
    if (said === undefined || said === null) continue;
    const reason = isRecord(said) ? (said['type'] ?? said['reason']) : said;
    // A number says that it ended; what else it says differs between upstreams. 0 is "not said" for all.
    if (typeof reason === 'number' && reason !== 0) return 'stop';
    if (reason === true) return 'stop';
    const finish = typeof reason === 'string' ? meaningOf(reason) : null;
    if (finish !== null) return finish;
  }
  return null;
}

/** Beside `finish_reason` vLLM says by this which token stopped it. */
function reasonBesides(place: Record<string, unknown>): unknown {
  return 'finish_reason' in place ? null : place['stop_reason'];
}

function meaningOf(reason: string): FinishReason | null {
  const word = reason
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  const meaning = MEANING_OF.get(word) ?? (word.startsWith('content_filter') ? 'content_filter' : 'stop');
  if (meaning === 'failed') throw new BadAnswer(`broke off its answer and says why: ${reason.slice(0, 100)}`);
  return meaning === 'none' ? null : meaning;
}
