// The standard form of an answer, piece by piece: what every part behind the normaliser reads, and nothing else.
// Names and meanings are those of OpenAI's chat completions.

export const FINISH_REASONS = ['stop', 'length', 'tool_calls', 'content_filter'] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/** A part of a call. The first part of each call has its id and name; the arguments are JSON text, in parts. */
export interface CallPiece {
  /** Counted from 0 within the answer. */
  index: number;
  id?: string;
  name?: string;
  arguments: string;
  /** What the upstream wants back with the call in the next request, such as a signature. */
  extra?: Record<string, unknown>;
}

/** What one event of an upstream comes to. */
export interface AnswerPiece {
  text?: string;
  /** What the model thought before it answered; never part of the answer. */
  reasoning?: string;
  /** Why the model will not do it, in its words. */
  refusal?: string;
  calls?: readonly CallPiece[];
  /** Nothing is told yet of what came; whoever waits sees that the model goes on. */
  goesOn?: true;
  /** Comes once, as the last piece. */
  finish?: FinishReason;
  /** As the upstream sent it, where the caller had asked for it. */
  logprobs?: unknown;
  /** As the upstream sent it: some want it back in the next request. */
  reasoningDetails?: unknown;
}

/** Makes the pieces of an answer of the events of an upstream. */
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

/** Bytes of UTF-8 that the model wrote. */
export function writtenBytes({ text = '', reasoning = '', refusal = '', calls = [] }: AnswerPiece): number {
  const ofCalls = calls.map((call) => `${call.name ?? ''}${call.arguments}`);
  return Buffer.byteLength([text, reasoning, refusal, ...ofCalls].join(''));
}
