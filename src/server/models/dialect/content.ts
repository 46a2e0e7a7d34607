// What the model said, in one event: its answer, its thoughts, its refusal. Called by normaliser.ts.
import { isRecord } from '../../../lib/json.ts';
import type { AnswerPiece } from './answer-piece.ts';

/** @param said the delta of a chunk, or the message of a whole completion */
export function contentOf(said: Record<string, unknown>): AnswerPiece {
  return {
    ...(said['content'] !== undefined && { text: textOf(said['content']) }),
    ...reasoningOf(said),
    ...(typeof said['refusal'] === 'string' && { refusal: said['refusal'] }),
  };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map((part) => (Array.isArray(part) ? '' : textOf(part))).join('');
  return isRecord(content) && typeof content['text'] === 'string' ? content['text'] : '';
}

function reasoningOf(said: Record<string, unknown>): AnswerPiece {
  const told = said['reasoning_content'] ?? said['reasoning'];
  return typeof told === 'string' ? { reasoning: told } : {};
}
