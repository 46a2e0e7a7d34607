import { expect, it } from 'vitest';
import { noAnswer, refusalOf } from './refusals.ts';

const refused = (status: number, body: object | string = {}, retryAfter: string | null = null) =>
  refusalOf('do it', { status, body: typeof body === 'string' ? body : JSON.stringify(body), retryAfter });

it.each([
  [401, 'not_authenticated'],
  [402, 'limit_exceeded'],
  [403, 'not_allowed'],
  [404, 'not_found'],
  [409, 'conflict'],
  [410, 'not_found'],
  [418, 'invalid_input'],
  [500, 'unreachable'],
  [302, 'unreachable'],
])('%i is %s', (status, code) => {
  expect(refused(status, { error: { code: 'x', message: 'because' } })).toMatchObject({
    code,
    message: 'Vercel does not do it: because',
  });
});

it('takes from 429 how long to wait, within bounds', () => {
  expect(refused(429, {}, '7')).toMatchObject({ code: 'unavailable', retryAfterSeconds: 7, nothingDone: true });
  expect(refused(429)).toMatchObject({ retryAfterSeconds: 1 });
  expect(refused(429, {}, 'tomorrow')).toMatchObject({ retryAfterSeconds: 1 });
  expect(refused(429, {}, '999999')).toMatchObject({ retryAfterSeconds: 3600 });
});

it('asks again of what is about to end, and keeps no long page of somebody between', () => {
  expect(refused(422, { error: { code: 'sandbox_stopping', message: 'stopping' } }).code).toBe('unreachable');
  expect(refused(502, '<html>'.repeat(1000)).message.length).toBeLessThan(600);
  const cause = Object.assign(new TypeError('fetch failed'), { cause: new Error('ECONNRESET') });
  expect(noAnswer('do it', cause)).toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('ECONNRESET'),
  });
});
