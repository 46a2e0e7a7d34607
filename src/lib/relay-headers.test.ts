import { expect, it } from 'vitest';
import { relayedRequestHeaders, relayedResponseHeaders } from './relay-headers.ts';

it('lets only the named headers of a request pass, and no key, host or connection', () => {
  const given = {
    accept: 'application/json',
    'idempotency-key': 'a',
    authorization: 'Bearer x',
    host: 'h',
    connection: 'close',
    'transfer-encoding': 'chunked',
    'content-length': '3',
    prefer: ['wait=1', 'wait=2'],
    ':path': '/',
  };
  expect(relayedRequestHeaders(given)).toEqual({ accept: 'application/json', 'idempotency-key': 'a' });
});

it.each(['a\r\nx: y', 'ümlaut', '', 'x'.repeat(1001)])(
  'drops the value %j, which not every server reads alike',
  (value) => {
    expect(relayedRequestHeaders({ accept: value })).toEqual({});
  },
);

it('lets only the named headers of an answer pass, and those of rate limits', () => {
  const given = {
    'content-type': 'a/b',
    'ratelimit-policy': '"x"',
    'set-cookie': ['a'],
    server: 's',
    connection: 'x',
  };
  expect(relayedResponseHeaders(given)).toEqual({ 'content-type': 'a/b', 'ratelimit-policy': '"x"' });
});
