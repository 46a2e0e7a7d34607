// Makes the standard answer of whatever an upstream sends: parsed events go in, standard pieces come out. Each
// concern is a file of its own beside this one. Called by ../read-answer.ts.
import { isRecord } from '../../../lib/json.ts';
import type { AnswerPiece, FinishReason } from './answer-piece.ts';
import { callDetail } from './call-ids.ts';
import { contentOf } from './content.ts';
import { finishOf } from './finish.ts';
import { withTextCalls } from './text-calls.ts';
import { type CallReader, createCallReader } from './tool-calls.ts';

export interface Asked {
  /** The messages and tools of the request. */
  request: { messages: readonly object[]; tools?: readonly object[] | null | undefined };
  /** The model that is asked. */
  model?: string;
  /** How this model calls tools: `text` as a part of what it says, which is then looked for. */
  toolCalls: 'native' | 'text';
}

export interface Normaliser {
  /** @param event one event of a stream, or a whole completion */
  push(event: object): AnswerPiece[];
  /** Whether it has said that its answer has come to its end; usage may follow. */
  readonly hasEnded: boolean;
  /** Bytes that the model has written and no piece has told yet. */
  readonly heldBytes: number;
  /** What is left when the answer has ended; the last piece has `finish`. Null: it ended in the middle. */
  end(ended: { done: boolean }): AnswerPiece[] | null;
}

export function createNormaliser(asked: Asked): Normaliser {
  const normaliser = createNativeNormaliser(asked);
  return asked.toolCalls === 'text' ? withTextCalls(normaliser, asked.request) : normaliser;
}

function createNativeNormaliser({ request, model = '' }: Asked): Normaliser {
  const calls = createCallReader(request);
  let finish: FinishReason | null = null;
  return {
    push(event) {
      const choice = firstChoice(event);
      if (choice === null) return [];
      const said = saidIn(choice);
      const piece: AnswerPiece = {
        ...contentOf(said),
        calls: calls.push(said, { isMessage: !isRecord(choice['delta']) }),
      };
      if (choice['logprobs']) piece.logprobs = choice['logprobs'];
      if (said['reasoning_details']) piece.reasoningDetails = said['reasoning_details'];
      finish = finishOf(choice) ?? finish;
      return [piece];
    },
    get hasEnded() {
      return finish !== null;
    },
    get heldBytes() {
      return calls.heldBytes;
    },
    end({ done }) {
      if (finish === null && !done) return null;
      const last = calls.count === 0 ? [] : [lastCalls(calls, model)];
      return [...last, { finish: calls.count > 0 && finish !== 'length' ? 'tool_calls' : (finish ?? 'stop') }];
    },
  };
}

function lastCalls(calls: CallReader, model: string): AnswerPiece {
  const ended = calls.end();
  const details = calls.extras.map(({ id, extra }) => callDetail(id, extra, model));
  return { calls: ended, ...(details.length > 0 && { reasoningDetails: details }) };
}

function firstChoice(event: object): Record<string, unknown> | null {
  const choices = 'choices' in event ? event.choices : null;
  return Array.isArray(choices) && isRecord(choices[0]) ? choices[0] : null;
}

function saidIn({ delta, message }: Record<string, unknown>): Record<string, unknown> {
  return isRecord(delta) ? delta : isRecord(message) ? message : {};
}
