import { describe, expect, test } from 'vitest';
import type { Prices } from '../../lib/money.ts';
import { CallMeter } from './call-meter.ts';
import { writtenBytes } from './dialect/answer-piece.ts';
import { createNormaliser } from './dialect/normaliser.ts';
import { usageOf } from './dialect/usage.ts';
import { tokensOfRequest } from './token-estimate.ts';

const FREE: Prices = { models: {}, compute: { vcpuSecond: 0, gbSecond: 0 } };
const request = (more: object = {}) => ({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...more });
const delta = (part: object) => ({ choices: [{ index: 0, delta: part, finish_reason: null }] });

function written(event: object): number {
  const normaliser = createNormaliser({ request: request(), toolCalls: 'native' });
  const told = normaliser.push(event).reduce((sum, piece) => sum + writtenBytes(piece), 0);
  return told + normaliser.heldBytes;
}

describe('what was written', () => {
  test.each<[string, object, string]>([
    ['content', { role: 'assistant', content: 'grüße' }, 'grüße'],
    [
      'content in parts',
      {
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
      'onetwo',
    ],
    ['a refusal', { refusal: 'no' }, 'no'],
    ['reasoning', { reasoning_content: 'hm' }, 'hm'],
    [
      'reasoning that is told twice, once',
      {
        reasoning: 'let me see',
        reasoning_details: [{ type: 'reasoning.text', text: 'let me see', format: 'x' }],
      },
      'let me see',
    ],
    [
      'a tool call',
      {
        tool_calls: [
          { index: 0, id: 'call_1', type: 'function', function: { name: 'bash', arguments: '{"a":1}' } },
        ],
      },
      'bash{"a":1}',
    ],
    ['a call of a custom tool', { tool_calls: [{ type: 'custom', custom: { name: 'x', input: 'in' } }] }, 'xin'],
    ['a function call of old', { function_call: { name: 'f', arguments: '{}' } }, 'f{}'],
    [
      'an image, without its bytes',
      { images: [{ image_url: { url: `data:image/png;base64,${'A'.repeat(999)}` } }] },
      '',
    ],
    ['nothing', { role: 'assistant', content: null }, ''],
  ])('in %s', (_what, part, text) => {
    expect(written(delta(part))).toBe(Buffer.byteLength(text));
    expect(written({ choices: [{ message: part, finish_reason: 'stop' }] })).toBe(Buffer.byteLength(text));
  });

  test('is bounded, however deep an upstream nests it', () => {
    const deep = JSON.parse(`{"choices":${'['.repeat(50_000)}"x"${']'.repeat(50_000)}}`);
    expect(written(deep)).toBe(0);
    const parts = JSON.parse(`{"choices":[{"delta":{"content":${'['.repeat(50_000)}"x"${']'.repeat(50_000)}}}]}`);
    expect(written(parts)).toBe(0);
  });

  test('is never more than the request allows', () => {
    const meter = new CallMeter(request({ max_tokens: 7 }));
    meter.wrote(1_000);
    expect(meter.outputTokens).toBe(7);
  });
});

describe('usage', () => {
  test.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['text', 'a lot'],
    ['words', { prompt_tokens: 'eleven', completion_tokens: '0x7' }],
    ['negative', { prompt_tokens: -1, completion_tokens: -5 }],
    ['halves', { prompt_tokens: 0.5, completion_tokens: 1.5 }],
    ['more than can be', { prompt_tokens: 1e15, completion_tokens: 1e300 }],
    ['a list', [1, 2]],
  ])('that is %s tells nothing, and the call is estimated', (_what, usage) => {
    const meter = new CallMeter(request());
    meter.sent();
    meter.answered({ choices: [{ message: { content: 'x'.repeat(40) } }], usage });
    meter.wrote(40);
    meter.finished();
    expect(meter.cost(FREE, 'm')).toMatchObject({
      inputTokens: tokensOfRequest(request()),
      outputTokens: 10,
      costSource: 'estimated',
    });
  });

  test('may be in numbers as text', () => {
    const usage = { prompt_tokens: '11', completion_tokens: ' 7 ', cost: '0.5' };
    expect(usageOf({ usage })).toMatchObject({ inputTokens: 11, outputTokens: 7, costUsd: 0.5 });
  });

  test('that is only a total is shared out, and marked', () => {
    const meter = new CallMeter(request());
    meter.sent();
    meter.answered({ usage: { total_tokens: 30 } });
    meter.wrote(40);
    meter.finished();
    expect(meter.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 });
    expect(meter.cost(FREE, 'm')).toMatchObject({ inputTokens: 20, outputTokens: 10, costSource: 'estimated' });
  });

  test('of an answer of any shape', () => {
    for (const json of [[1], {}, { choices: 'none' }, { choices: [null] }, { model: 5 }])
      expect(usageOf(json)).toMatchObject({ inputTokens: null, outputTokens: null, model: null });
  });

  test('is taken as far as it goes', () => {
    expect(usageOf({ usage: { prompt_tokens: 11, completion_tokens: null, cost: 'free' } })).toMatchObject({
      inputTokens: 11,
      outputTokens: null,
      costUsd: null,
    });
  });
});

describe('a request', () => {
  test('has a token for four bytes, whatever the language', () => {
    expect(tokensOfRequest(request())).toBe(Math.ceil(JSON.stringify(request()).length / 4));
    const chinese = tokensOfRequest({ content: '请'.repeat(400) });
    expect(chinese).toBeGreaterThanOrEqual(300);
    expect(chinese).toBeLessThan(310);
  });

  test('has no token for each byte of an image, and for a text that is called so', () => {
    const image = (bytes: number) =>
      request({
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(bytes)}` } }],
          },
        ],
      });
    expect(tokensOfRequest(image(4_000_000))).toBeLessThan(1_100);
    expect(tokensOfRequest(image(40))).toBeLessThan(60);
    expect(tokensOfRequest({ content: `data:;base64,${'A'.repeat(4_000)}` })).toBeGreaterThan(1_000);
  });
});
