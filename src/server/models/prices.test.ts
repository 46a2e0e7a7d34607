import { expect, test } from 'vitest';
import { llmSettings } from '../../../test/fixtures/llm-settings.ts';
import { readOpenRouterPrices } from './prices.ts';
import { chooseUpstream } from './upstream.ts';

const openRouter = chooseUpstream(llmSettings({ openRouterKey: 'sk-or-v1-none' }));
const warned: string[] = [];
const log = { warn: (_: object, message: string) => void warned.push(message), error: () => undefined };
const answering = (body: string) => async () => new Response(body);

test('are per million tokens, and only those that can be', async () => {
  const list = {
    data: [
      { id: 'a/b', pricing: { prompt: '0.000003', completion: '0.000015', input_cache_read: '0.0000003' } },
      { id: 'free/one:free', pricing: { prompt: '0', completion: '0' } },
      { id: 'openrouter/auto', pricing: { prompt: '-1', completion: '-1' } },
      { id: 'odd', pricing: { prompt: 'much' } },
      null,
      'text',
    ],
  };
  const prices = await readOpenRouterPrices(openRouter, log, answering(JSON.stringify(list)));
  expect(Object.keys(prices)).toEqual(['a/b', 'free/one:free']);
  expect(prices['a/b']?.input).toBeCloseTo(3, 9);
  expect(prices['a/b']?.output).toBeCloseTo(15, 9);
  expect(prices['a/b']?.cached).toBeCloseTo(0.3, 9);
  expect(prices['free/one:free']).toEqual({ input: 0, output: 0 });
  expect(warned).toEqual([]);
});

test.each<[string, typeof fetch]>([
  ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))],
  ['says nothing that can be read', answering('<html>')],
  ['says something else', answering('{"data":"none"}')],
])('a server starts without them when OpenRouter %s', async (_what, fetch) => {
  warned.length = 0;
  expect(await readOpenRouterPrices(openRouter, log, fetch)).toEqual({});
  expect(warned).toEqual([expect.stringContaining('SEED_PRICES_FILE')]);
});

test('nobody else is asked', async () => {
  const never: typeof fetch = () => Promise.reject(new Error('asked'));
  const other = chooseUpstream(llmSettings({ baseUrl: 'http://127.0.0.1:1/v1' }));
  warned.length = 0;
  expect(await readOpenRouterPrices(other, log, never)).toEqual({});
  expect(await readOpenRouterPrices(null, log, never)).toEqual({});
  expect(warned).toEqual([]);
});
