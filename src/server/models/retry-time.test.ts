import { describe, expect, it } from 'vitest';
import { retryTimeOf } from './retry-time.ts';

const NOW = 'Fri, 27 Nov 2026 12:00:00 GMT';
const NOW_S = Date.parse(NOW) / 1000;
const time = (headers: Record<string, string>, json: unknown = null, text = '') =>
  retryTimeOf({ headers: new Headers({ date: NOW, ...headers }), json, text });

describe('a header', () => {
  it.each<[string, Record<string, string>, number | null]>([
    ['seconds', { 'retry-after': '34' }, 34_000],
    ['parts of a second', { 'retry-after': '0.5' }, 500],
    ['a date', { 'retry-after': 'Fri, 27 Nov 2026 12:00:10 GMT' }, 10_000],
    ['a date that is over', { 'retry-after': 'Fri, 27 Nov 2026 11:00:00 GMT' }, 0],
    ['a date of another form', { 'retry-after': '2026-11-27T12:00:02Z' }, 2_000],
    ['a span', { 'retry-after': '2s' }, 2_000],
    ['none', { 'retry-after': 'soon' }, null],
    ['less than none', { 'retry-after': '-5' }, null],
    ['milliseconds', { 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    [
      'what is used up, as Groq',
      {
        'x-ratelimit-reset-requests': '2m59.56s',
        'x-ratelimit-remaining-requests': '10',
        'x-ratelimit-reset-tokens': '7.66s',
        'x-ratelimit-remaining-tokens': '0',
      },
      7_660,
    ],
    [
      'the later of two that are used up',
      {
        'x-ratelimit-reset-requests': '1m0s',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-tokens': '20ms',
        'x-ratelimit-remaining-tokens': '0',
      },
      60_000,
    ],
    [
      'the sooner of two of which neither is',
      { 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-reset-tokens': '6m0s' },
      1_000,
    ],
    [
      'milliseconds since 1970, as OpenRouter',
      { 'x-ratelimit-reset': String((NOW_S + 30) * 1000), 'x-ratelimit-remaining': '0' },
      30_000,
    ],
    ['seconds since 1970', { 'x-ratelimit-reset': String(NOW_S + 12) }, 12_000],
    ['seconds from now', { 'ratelimit-reset': '9' }, 9_000],
    ['a time, as Anthropic', { 'anthropic-ratelimit-tokens-reset': '2026-11-27T12:00:05Z' }, 5_000],
    ['a million years', { 'retry-after': '99999999999999' }, null],
    ['nothing', {}, null],
  ])('%s', (_, headers, ms) => {
    expect(time(headers)).toBe(ms);
  });
});

describe('a body', () => {
  it.each<[string, unknown, number | null]>([
    [
      "Google's RetryInfo",
      [
        {
          error: {
            code: 429,
            details: [
              { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [] },
              { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' },
            ],
          },
        },
      ],
      34_000,
    ],
    ['parts of a second in it', { error: { details: [{ retryDelay: '34.074824224s' }] } }, 34_075],
    ["Hugging Face's estimate", { error: 'Model x is currently loading', estimated_time: 20.0 }, 20_000],
    [
      "OpenRouter's headers",
      {
        error: {
          code: 429,
          metadata: { headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String((NOW_S + 7) * 1000) } },
        },
      },
      7_000,
    ],
    ["OpenRouter's seconds", { error: { metadata: { retry_after_seconds: 3 } } }, 3_000],
    ['milliseconds', { retry_after_ms: 40 }, 40],
    ['text that is no span', { retry_after: 'a'.repeat(50) }, null],
    ['digits without an end', { retry_after: `${'1'.repeat(5_000)}x` }, null],
  ])('%s', (_, json, ms) => {
    expect(time({}, json)).toBe(ms);
  });
});

describe('words', () => {
  it.each<[string, number | null]>([
    [
      'Rate limit reached on TPM: Limit 6000, Used 5900, Requested 500. Please try again in 7.66s. Need more?',
      7_660,
    ],
    ['Please try again in 20ms.', 20],
    ['Please try again in 1m26.4s.', 86_400],
    ['Please retry in 34.074824224s.', 34_075],
    ['Please retry after 6 seconds. To increase your limit', 6_000],
    ['Try again in 5 seconds. Passed model=x', 5_000],
    ['Please wait 30 seconds before you ask again', 30_000],
    ['No deployments available, try again in 2 minutes', 120_000],
    ['try again in 1h2m3s', 3_723_000],
    ['Please try again later', null],
    ['This model has 128000 tokens', null],
  ])('%s', (text, ms) => {
    expect(time({}, null, text)).toBe(ms);
  });
});

it('believes the header of its own before the words', () => {
  expect(time({ 'retry-after': '1' }, { error: { message: 'try again in 9s' } }, 'try again in 9s')).toBe(1_000);
});
