import { Hono } from 'hono';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { SeedError } from '../../protocol/errors.ts';
import { answerErrors } from './errors.ts';
import type { HttpEnv } from './http-types.ts';

async function answerTo(error: Error) {
  const levels: string[] = [];
  const log = pino(
    { formatters: { level: (level) => ({ level }) } },
    { write: (line) => void levels.push(JSON.parse(line).level) },
  );
  const app = new Hono<HttpEnv>();
  app.onError(answerErrors(log));
  app.get('/', () => {
    throw error;
  });
  const response = await app.request('/');
  const { error: body } = (await response.json()) as { error: { code: string } };
  return { status: response.status, code: body.code, after: response.headers.get('retry-after'), levels };
}

it.each([
  [new SeedError('unavailable', 'away'), 503, '5', ['warn']],
  [new SeedError('unavailable', 'away', { retryAfterSeconds: 2 }), 503, '2', ['warn']],
  [new SeedError('unavailable', 'the database is away', { logged: true }), 503, '5', []],
  [new SeedError('storage_full', 'full'), 503, '5', ['warn']],
  [new SeedError('too_many_tasks', 'many'), 429, '5', []],
  [new SeedError('no_usable_driver', 'none'), 503, null, ['warn']],
  [new SeedError('not_found', 'none'), 404, null, []],
])('%s: when to try again, and whether it is news for the log', async (error, status, after, levels) => {
  expect(await answerTo(error)).toEqual({ status, code: error.code, after, levels });
});

it('what nobody foresaw is internal, and an error in the log', async () => {
  expect(await answerTo(new TypeError('undefined is no function'))).toMatchObject({
    status: 500,
    code: 'internal',
    levels: ['error'],
  });
});
