import { expect, test } from 'vitest';
import { PASSED_FIELDS } from './chat-request.ts';
import { Sampling, USUAL_PROFILE, withSampling } from './model-profile.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const profile = {
  sampling: { temperature: 0.2, top_k: 20, max_tokens: 500 },
  maxTokensField: 'max_tokens',
} as const;

test('what a request does not say of its answer is put into it', () => {
  expect(withSampling(request, profile)).toEqual({ ...request, temperature: 0.2, top_k: 20, max_tokens: 500 });
  expect(withSampling({ ...request, temperature: null }, profile)).toMatchObject({ temperature: 0.2 });
});

test('what it says stays, zero and the other name of the limit included', () => {
  const said = { ...request, temperature: 0, max_completion_tokens: 9 };
  expect(withSampling(said, profile)).toEqual({ ...said, top_k: 20 });
});

test('a field that is known to be refused is not put in', () => {
  expect(withSampling(request, { ...profile, sampling: { temperature: null } })).toEqual(request);
});

test('the limit of the answer goes by the name that the model takes', () => {
  const anew = { ...profile, maxTokensField: 'max_completion_tokens' } as const;
  expect(withSampling({ ...request, max_tokens: 7 }, { ...anew, sampling: {} })).toEqual({
    ...request,
    max_completion_tokens: 7,
  });
  expect(withSampling({ ...request, max_tokens: 7, max_completion_tokens: 8 }, anew)).toMatchObject({
    max_completion_tokens: 8,
  });
  expect(withSampling(request, anew)).not.toHaveProperty('max_tokens');
  expect(withSampling(request, anew)).toHaveProperty('max_completion_tokens', 500);
});

test('of a model of which nothing is known nothing is changed', () => {
  expect(withSampling(request, USUAL_PROFILE)).toEqual(request);
});

test('only fields that may go upstream can be set', () => {
  expect(Object.keys(Sampling.shape).filter((name) => !PASSED_FIELDS.includes(name))).toEqual([]);
});
