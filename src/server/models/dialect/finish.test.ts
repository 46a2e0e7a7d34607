import { describe, expect, test } from 'vitest';
import { finishOf } from './finish.ts';

describe('why an answer ended', () => {
  test.each<[unknown, string | null]>([
    [null, null],
    [undefined, null],
    ['', null],
    ['null', null],
    ['FINISH_REASON_UNSPECIFIED', null],
    [false, null],
    [0, null],
    [{}, null],
    [[], null],
    ['stop', 'stop'],
    ['endTurn', 'stop'],
    ['whatever', 'stop'],
    [true, 'stop'],
    [3, 'stop'],
    [{ type: 'length', length: 9 }, 'length'],
    ['MaxTokens', 'length'],
    ['max tokens', 'length'],
    ['max-tokens', 'length'],
    ['toolUse', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['content_filter: PROHIBITED_CONTENT', 'content_filter'],
    ['SPII', 'content_filter'],
  ])('%j', (said, finish) => expect(finishOf({ finish_reason: said })).toBe(finish));

  test.each(['error', 'NETWORK_ERROR', 'abort', { type: 'abort' }])('a failure: %j', (said) => {
    expect(() => finishOf({ finish_reason: said })).toThrow(/broke off its answer/);
  });

  test('is said in the first place that says it', () => {
    expect(finishOf({}, { finish_reason: 'length' }, { finish_reason: 'stop' })).toBe('length');
    expect(finishOf({ finishReason: 'MAX_TOKENS' })).toBe('length');
    expect(finishOf({ finish_reason: null, stop_reason: 128_009 })).toBeNull();
    expect(finishOf({ stop_reason: 'end_turn' })).toBe('stop');
  });
});
