// However the bytes of an answer are cut and joined: the same answer, for all that upstreams were seen to send.
import { describe, expect, test } from 'vitest';
import { bytesOf, type Dialect, readDialects, toolsOf } from '../../../../test/fixtures/dialects.ts';
import { env } from '../../../lib/env.ts';
import { mergeTold, NOTHING_TOLD } from '../../spending/call-usage.ts';
import type { AnswerPiece } from './answer-piece.ts';
import { BadAnswer } from './bad-answer.ts';
import { createEventReader, type UpstreamEvent } from './event-stream.ts';
import { createNormaliser } from './normaliser.ts';
import { usageOf } from './usage.ts';

const dialects = (await readDialects()).filter(({ status }) => status === 200);
/** Every place in short answers, every fifth in long ones; SEED_CUTS=full for every place in all. */
const isFull = env('SEED_CUTS') === 'full';
const SHORT_BYTES = 600;
const LIMITS = { eventBytes: 1024 * 1024, documentBytes: 16 * 1024 * 1024 };

/** All that the pieces come to; ids of calls are new each time. */
function read({ ask }: Dialect, pieces: readonly Uint8Array[]) {
  const reader = createEventReader(LIMITS);
  const request = { messages: ask.messages, tools: toolsOf(ask.tools) };
  const normaliser = createNormaliser({ request, toolCalls: ask.toolCalls });
  const answer: AnswerPiece[] = [];
  let told = NOTHING_TOLD;
  /** Whether it was the last. */
  const take = ({ json, text, isLast }: UpstreamEvent): boolean => {
    if (isLast) return true;
    if (typeof json !== 'object' || json === null) throw new BadAnswer(`not JSON: ${text}`);
    told = mergeTold(told, usageOf(json));
    answer.push(...normaliser.push(json));
    return false;
  };
  let problem: string | null = null;
  try {
    const isLast = pieces.some((piece) => [...reader.push(piece)].some(take)) || [...reader.end()].some(take);
    answer.push(...(normaliser.end({ done: isLast }) ?? [{ text: ' (cut)' }]));
  } catch (error) {
    if (!(error instanceof BadAnswer)) throw error;
    problem = error.message;
  }
  const joined = (field: 'text' | 'reasoning' | 'refusal') => answer.map((piece) => piece[field] ?? '').join('');
  const calls = Map.groupBy(
    answer.flatMap((piece) => piece.calls ?? []),
    ({ index }) => index,
  );
  return {
    text: joined('text'),
    reasoning: joined('reasoning'),
    refusal: joined('refusal'),
    calls: [...calls].map(([index, parts]) => [
      index,
      parts.map(({ name }) => name ?? '').join(''),
      parts.map((part) => part.arguments).join(''),
    ]),
    finish: answer.flatMap(({ finish }) => finish ?? []),
    told,
    problem,
  };
}

/** Numbers from 0 to 1, always the same. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Cut at random, with nothing now and then. */
function randomPieces(bytes: Uint8Array, seed: number): Uint8Array[] {
  const random = numbers(seed);
  const most = 1 + Math.floor(random() * 200);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.floor(random() * most);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

describe.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect) => {
  const bytes = bytesOf(dialect);
  const whole = read(dialect, [bytes]);

  test('comes to the same, cut in two anywhere', () => {
    const step = isFull || bytes.length <= SHORT_BYTES ? 1 : 5;
    for (let at = 0; at <= bytes.length; at += step) {
      const cut = read(dialect, [bytes.subarray(0, at), bytes.subarray(at)]);
      expect(cut, `cut at ${at}`).toEqual(whole);
    }
  });

  test('comes to the same, cut at random and a byte at a time', () => {
    expect(
      read(
        dialect,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole);
    for (let seed = 1; seed <= 20; seed += 1)
      expect(read(dialect, randomPieces(bytes, seed)), `seed ${seed}`).toEqual(whole);
  });
});

test('there is something in most of them', () => {
  const said = dialects.map((dialect) => read(dialect, [bytesOf(dialect)]));
  const answers = said.filter(({ text, calls }) => text !== '' || calls.length > 0);
  expect(answers.length).toBeGreaterThan(dialects.length / 2);
});
