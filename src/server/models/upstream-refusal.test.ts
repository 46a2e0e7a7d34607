import { describe, expect, it } from 'vitest';
import { failureIn, refusalOf } from './upstream-refusal.ts';

const refusal = (status: number, body: string, headers: Record<string, string> = {}) =>
  refusalOf({ status, headers: new Headers(headers) }, body, ['the-key']);
const within = (json: unknown, name = '') =>
  failureIn({ name, text: JSON.stringify(json), json }, { secrets: ['the-key'], isDocument: false });

describe('a refusal', () => {
  it.each<[number, string, object]>([
    [
      400,
      '{"error":{"message":"bad field"}}',
      { code: 'llm_refused', blames: 'call', message: 'the LLM upstream answered 400: bad field' },
    ],
    [
      401,
      '{"message":"no such key the-key"}',
      { code: 'llm_refused', blames: 'call', message: 'the LLM upstream answered 401: no such key [removed]' },
    ],
    [402, '{"error":"Insufficient credits"}', { code: 'llm_refused', blames: 'model' }],
    [
      403,
      '<html><head><title>403 Forbidden</title></head></html>',
      { code: 'llm_refused', message: 'the LLM upstream answered 403: 403 Forbidden' },
    ],
    [
      404,
      'no such\n model',
      { code: 'llm_refused', blames: 'model', message: 'the LLM upstream answered 404: no such model' },
    ],
    [302, '', { code: 'llm_refused', blames: 'call', message: 'the LLM upstream answered 302' }],
    [408, '', { code: 'llm_unavailable', blames: 'model' }],
    [409, '', { code: 'llm_unavailable', blames: 'call' }],
    [
      422,
      '{"detail":[{"loc":["body","stop"],"msg":"not allowed"}]}',
      { code: 'llm_refused', message: 'the LLM upstream answered 422: body.stop: not allowed' },
    ],
    [
      429,
      '{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}',
      { code: 'llm_refused', blames: 'model' },
    ],
    [429, '{"error":{"message":"slow down"}}', { code: 'llm_unavailable', blames: 'model', isLoading: false }],
    [500, 'boom', { code: 'llm_unavailable', blames: 'model' }],
    [
      529,
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      { code: 'llm_unavailable', blames: 'model', isLoading: false },
    ],
    [
      500,
      '{"error":{"code":500,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}',
      { code: 'context_too_long', blames: 'call' },
    ],
  ])('%i %s', (status, body, expected) => {
    expect(refusal(status, body)).toMatchObject(expected);
  });

  it.each([
    'Rate limit reached on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s. Need more tokens? Upgrade at https://console.groq.com/settings/billing',
    'You exceeded your current quota, please check your plan and billing details. Please retry in 34.07s.',
    'Rate limit reached, see https://example.com/billing',
  ])('is no refusal for good while there is something to wait for: %s', (message) => {
    expect(refusal(429, JSON.stringify({ error: { message } }))).toMatchObject({ code: 'llm_unavailable' });
  });

  it('is told in 500 characters, its secrets gone', () => {
    const { message } = refusal(500, JSON.stringify({ error: { message: `the-key ${'x'.repeat(5_000)}` } }));
    expect(message).toMatch(/^the LLM upstream answered 500: \[removed\] x+…$/);
    expect(message.length).toBeLessThan(540);
  });
});

describe('a server that loads', () => {
  it.each<[number, string]>([
    [503, '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'],
    [503, '{"error":"Model meta-llama/x is currently loading","estimated_time":20.0}'],
    [503, '{"estimated_time":20.0,"error":"Please hold"}'],
    [500, '{"error":"unexpected server status: llm server loading model"}'],
    [400, '{"error":"Model is loading"}'],
    [429, '{"detail":"The model is warming up"}'],
    [503, '{"detail":"Engine is starting"}'],
    [503, 'no healthy upstream'],
    [503, '{"error":{"message":"The model is sleeping"}}'],
    [502, '{"error":"server is starting up, try again"}'],
    [503, '{"message":"Model not ready"}'],
    [503, '<html><title>The service is initializing</title></html>'],
  ])('%i %s', (status, body) => {
    expect(refusal(status, body)).toMatchObject({ isLoading: true, blames: 'model', code: 'llm_unavailable' });
  });

  it.each<[number, string]>([
    [500, '{"error":"error loading model: unable to allocate memory"}'],
    [500, '{"error":"llama runner process has terminated: failed to load model"}'],
    [404, '{"error":{"message":"No models loaded. Please load a model in the developer page"}}'],
    [503, '{"error":{"message":"server is overloaded"}}'],
    [503, 'busy'],
    [401, 'key is loading'],
  ])('is not one: %i %s', (status, body) => {
    expect(refusal(status, body).isLoading).toBe(false);
  });
});

it('reads the time from headers, body and words', () => {
  expect(refusal(429, 'x', { 'retry-after': '7' }).retryAfterMs).toBe(7_000);
  expect(refusal(429, '[{"error":{"details":[{"retryDelay":"34s"}]}}]').retryAfterMs).toBe(34_000);
  expect(refusal(429, '{"error":{"message":"try again in 7.66s"}}')).toMatchObject({
    retryAfterMs: 7_660,
    retryAfterSeconds: 8,
  });
});

describe('an error within an answer', () => {
  it('is none where there is none', () => {
    expect(within({ choices: [{ delta: { content: 'x' } }], error: null })).toBeNull();
  });

  it.each<[string, unknown, object, string?]>([
    [
      'without a status',
      { error: 'provider down' },
      {
        code: 'llm_unavailable',
        blames: 'model',
        upstreamStatus: 200,
        message: 'the LLM upstream broke off: provider down',
      },
    ],
    [
      'with a status',
      { error: { code: '401', message: 'bad key' } },
      { code: 'llm_refused', blames: 'call', upstreamStatus: 401 },
    ],
    [
      'of a type',
      { error: { type: 'invalid_request_error', message: 'no tools here' } },
      { code: 'llm_refused', blames: 'model' },
    ],
    [
      'about money',
      { base_resp: { status_code: 1008, status_msg: 'insufficient balance' } },
      { code: 'llm_refused' },
    ],
    [
      'that is too long',
      {
        error: {
          message: 'The number of tokens to keep from the initial prompt is greater than the context length.',
        },
      },
      { code: 'context_too_long' },
    ],
    ['named so', { foo: 'bar' }, { message: 'the LLM upstream broke off: {"foo":"bar"}' }, 'error'],
    [
      'that is rate limited',
      { error: { code: 429, metadata: { headers: { 'retry-after': '3' } } } },
      { code: 'llm_unavailable', retryAfterMs: 3_000 },
    ],
  ])('%s', (_, json, expected, name) => {
    expect(within(json, name)).toMatchObject(expected);
  });
});

/** As Pi's `isContextOverflow` finds it in what the gateway answers. */
it('says that it is too long in words that agents know', () => {
  const { message, code } = refusal(413, 'Request Entity Too Large');
  expect(`400: ${JSON.stringify({ code, message })}`).toMatch(/context[_ ]length[_ ]exceeded/i);
});
