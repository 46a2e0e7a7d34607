import { expect, test } from 'vitest';
import { createLlmWatch } from './llm-watch.ts';

const event = (json: object) => `data: ${JSON.stringify(json)}\n\n`;
const error = (code: string, message = 'why') => ({ error: { code, message, hint: null, requestId: null } });

function heard(status: number, body: string, size = body.length || 1) {
  const watch = createLlmWatch();
  watch.asked();
  const take = watch.answered(status);
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size));
  take(null);
  return watch;
}

test.each([
  [400, 'llm_refused', false],
  [400, 'context_too_long', false],
  [402, 'budget_exceeded', false],
  [404, 'unknown_model', false],
  [429, 'rate_limited', true],
  [502, 'llm_unavailable', true],
  [503, 'unavailable', true],
])('an answer of %i %s may change: %s, and so may that error inside a stream', (status, code, mayChange) => {
  const expected = { code, message: 'why', mayChange };
  expect(heard(status, JSON.stringify(error(code))).failure()).toEqual(expected);
  const begun = event({ choices: [{ index: 0, delta: { content: 'half "error"' } }] });
  for (const size of [1, 5, 10_000])
    expect(heard(200, begun + event(error(code)), size).failure()).toEqual(expected);
});

test('an error without a word is told by its status', () => {
  expect(heard(504, '<html>').failure()).toEqual({
    code: null,
    message: 'the LLM gateway answered 504',
    mayChange: true,
  });
  expect(heard(418, '').failure()).toMatchObject({ message: 'the LLM gateway answered 418', mayChange: false });
});

test('a refusal is heard in its parts; an answer that speaks of one is none', () => {
  const refusal = (text: string) => event({ choices: [{ index: 0, delta: { refusal: text } }] });
  for (const size of [1, 3, 10_000]) {
    expect(heard(200, refusal('I will ') + refusal('not – €.'), size).refusal()).toBe('I will not – €.');
  }
  const spoken = event({ choices: [{ index: 0, delta: { content: '"refusal":"no"', refusal: null } }] });
  expect(heard(200, spoken).refusal()).toBe('');
  expect(heard(200, `data: ${'x'.repeat(200_000)}"refusal":"\n\n${refusal('no')}`).refusal()).toBe('no');
});

test('the next call begins anew, also when it is never answered', () => {
  const watch = heard(502, JSON.stringify(error('llm_unavailable')));
  expect(watch.failure()).not.toBeNull();
  watch.asked();
  expect(watch.failure()).toBeNull();
});
