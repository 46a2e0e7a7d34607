// How an answer ended, in the standard's four words. Called by normaliser.ts.
import type { FinishReason } from './answer-piece.ts';

const MEANINGS: Record<string, FinishReason> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};

/** Null where the choice does not say that the answer has ended. */
export function finishOf(choice: Record<string, unknown>): FinishReason | null {
  const said = choice['finish_reason'];
  if (typeof said !== 'string' || said === '') return null;
  return MEANINGS[said] ?? 'stop';
}
