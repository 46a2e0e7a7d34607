// What the model said, event by event: its answer, its thoughts, its refusal, each told once. Called by
// normaliser.ts.
import type { AnswerPiece } from './answer-piece.ts';
import { createGrowingText } from './growing-text.ts';
import { saidIn } from './message-parts.ts';
import { createThoughtReader, type Split } from './thinking.ts';

export interface ContentReader {
  /** @param said the delta of a chunk, or the message of a whole completion */
  push(said: Record<string, unknown>, as: { isMessage: boolean }): AnswerPiece;
  /** What was held back, when nothing follows that would change its meaning. */
  flush(): AnswerPiece;
  /** Bytes that the model has written and no piece has told yet. */
  readonly heldBytes: number;
}

export function createContentReader(): ContentReader {
  const texts = createGrowingText();
  const reasonings = createGrowingText();
  const refusals = createGrowingText();
  const thoughts = createThoughtReader();
  /** Thoughts came apart from the text: what the text has of them is the same once more. */
  let hasReasoning = false;

  const pieceOf = (split: Split, reasoning: string, refusal: string): AnswerPiece => {
    const thought = hasReasoning ? reasoning : split.reasoning;
    return {
      ...(split.text !== '' && { text: split.text }),
      ...(thought !== '' && { reasoning: thought }),
      ...(refusal !== '' && { refusal }),
    };
  };

  return {
    push(message, { isMessage }) {
      const said = saidIn(message);
      const reasoning = reasonings.add(said.reasoning, isMessage);
      if (said.reasoning !== '' && !hasReasoning) {
        hasReasoning = true;
        thoughts.expectNone();
      }
      const text = texts.add(said.text, isMessage);
      const split = text === '' ? { text: '', reasoning: '' } : thoughts.push(text);
      return pieceOf(split, reasoning, refusals.add(said.refusal, isMessage));
    },
    flush() {
      const more = thoughts.push(texts.end());
      const last = thoughts.flush();
      const split = { text: more.text + last.text, reasoning: more.reasoning + last.reasoning };
      return pieceOf(split, reasonings.end(), refusals.end());
    },
    get heldBytes() {
      return texts.heldLength + reasonings.heldLength + thoughts.heldLength;
    },
  };
}
