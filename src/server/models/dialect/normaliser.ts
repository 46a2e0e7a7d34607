// Makes the standard answer of whatever an upstream sends: parsed events go in, standard pieces come out. Each
// concern is a file of its own beside this one. Called by ../read-answer.ts.
import { isRecord } from '../../../lib/json.ts';
import type { AnswerPiece, FinishReason, Normaliser } from './answer-piece.ts';
import { callDetail } from './call-ids.ts';
import { createContentReader } from './content.ts';
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

export function createNormaliser(asked: Asked): Normaliser {
  const normaliser = createNativeNormaliser(asked);
  return asked.toolCalls === 'text' ? withTextCalls(normaliser, asked.request) : normaliser;
}

function createNativeNormaliser({ request, model = '' }: Asked): Normaliser {
  const content = createContentReader();
  const calls = createCallReader(request);
  const has = { words: false, refusal: false };
  let finish: FinishReason | null = null;
  /** Of several answers the first one counts. */
  let index: string | null = null;
  let events = 0;
  /** All that has come is one message, and no part of one. */
  let isWhole = false;

  const note = (piece: AnswerPiece): AnswerPiece => {
    has.refusal ||= Boolean(piece.refusal);
    has.words ||= has.refusal || Boolean(piece.text || piece.reasoning);
    return piece;
  };
  const read = (said: Record<string, unknown>, isMessage: boolean): AnswerPiece => {
    const piece = content.push(said, { isMessage });
    const called = calls.push(said, { isMessage });
    const before = called.length > 0 ? joined(piece, content.flush()) : piece;
    const details = said['reasoning_details'];
    return { ...before, calls: called, ...(details ? { reasoningDetails: details } : {}) };
  };

  return {
    push(event) {
      const choice = choiceIn(event, index);
      if (choice === null) return [];
      index ??= indexOf(choice);
      const { delta, message, text } = choice;
      const pieces: AnswerPiece[] = [];
      if (isRecord(delta)) pieces.push(read(delta, false));
      else if (typeof text === 'string') pieces.push(read({ content: text }, false));
      if (isRecord(message)) pieces.push(read(message, true));
      events += 1;
      isWhole = events === 1 && isRecord(message) && !isRecord(delta);
      const ended = finishOf(choice, delta, message, event);
      finish = ended ?? finish;
      const why = ended === 'content_filter' ? wordsOfFilter(choice) : null;
      if (why !== null && !has.refusal) pieces.push({ refusal: why });
      if (choice['logprobs']) pieces.push({ logprobs: choice['logprobs'] });
      return pieces.map(note);
    },
    get hasEnded() {
      return finish !== null;
    },
    get heldBytes() {
      return content.heldBytes + calls.heldBytes;
    },
    end({ done }) {
      const rest = note(content.flush());
      const isSaid = has.words || calls.count > 0;
      if (finish === null && !isWhole && !(done && isSaid)) return null;
      const last = calls.count === 0 ? [] : [lastCalls(calls, model)];
      return [rest, ...last, { finish: endOf(finish ?? 'stop', calls.count) }];
    },
  };
}

function endOf(finish: FinishReason, calls: number): FinishReason {
  if (finish !== 'stop' && finish !== 'tool_calls') return finish;
  return calls > 0 ? 'tool_calls' : 'stop';
}

function lastCalls(calls: CallReader, model: string): AnswerPiece {
  const ended = calls.end();
  const details = calls.extras.map(({ id, extra }) => callDetail(id, extra, model));
  return { calls: ended, ...(details.length > 0 && { reasoningDetails: details }) };
}

/** The choice of that index; where none is known the first, if several come at once. */
function choiceIn(event: object, index: string | null): Record<string, unknown> | null {
  const choices = 'choices' in event && Array.isArray(event.choices) ? event.choices.filter(isRecord) : [];
  const found = choices.find((choice) => indexOf(choice) === (index ?? '0'));
  return found ?? (index === null ? (choices[0] ?? null) : null);
}

/** Whoever sends one answer only need not count it. */
function indexOf({ index }: Record<string, unknown>): string {
  return String(index ?? 0);
}

/** Azure says beside an empty answer what its filter found. */
function wordsOfFilter(choice: Record<string, unknown>): string | null {
  const results = choice['content_filter_results'] ?? choice['content_filter_result'] ?? choice['stop_details'];
  if (!isRecord(results)) return null;
  const { error, explanation } = results;
  const said = isRecord(error) ? error['message'] : explanation;
  return typeof said === 'string' && said !== '' ? said : null;
}

function joined(one: AnswerPiece, two: AnswerPiece): AnswerPiece {
  const both = (field: 'text' | 'reasoning' | 'refusal') => {
    const text = (one[field] ?? '') + (two[field] ?? '');
    return text === '' ? {} : { [field]: text };
  };
  return { ...both('text'), ...both('reasoning'), ...both('refusal') };
}
