// Puts the parts of an answer's tool calls together, whatever index and id they come with. Called by
// normaliser.ts.
import { isRecord } from '../../../lib/json.ts';
import type { CallPiece } from './answer-piece.ts';

export interface CallReader {
  /** @param said the delta of a chunk, or the message of a whole completion */
  push(said: Record<string, unknown>): CallPiece[];
  /** How many calls there are by now. */
  readonly count: number;
}

export function createCallReader(): CallReader {
  const seen = new Set<number>();
  return {
    push(said) {
      const parts = Array.isArray(said['tool_calls']) ? said['tool_calls'].filter(isRecord) : [];
      if (isRecord(said['function_call'])) parts.push({ index: 0, function: said['function_call'] });
      return parts.map((part, place) => {
        const index = typeof part['index'] === 'number' ? part['index'] : place;
        seen.add(index);
        const custom = isRecord(part['custom']) ? { ...part['custom'], arguments: part['custom']['input'] } : {};
        const called: Record<string, unknown> = isRecord(part['function']) ? part['function'] : custom;
        return {
          index,
          ...(typeof part['id'] === 'string' && { id: part['id'] }),
          ...(typeof called['name'] === 'string' && { name: called['name'] }),
          arguments: typeof called['arguments'] === 'string' ? called['arguments'] : '',
        };
      });
    },
    get count() {
      return seen.size;
    },
  };
}
