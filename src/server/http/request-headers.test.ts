import { expect, it } from 'vitest';
import { addressBehind } from './request-headers.ts';

const PROXIES = ['127.0.0.1', '10.0.0.0/8'];

it.each([
  ['a caller without proxy', '203.0.113.9', undefined, '203.0.113.9'],
  ['a caller who makes one up', '203.0.113.9', '10.0.0.1', '203.0.113.9'],
  ['a proxy in front', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['a proxy as an IPv6 socket reports it', '::ffff:127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['two proxies', '127.0.0.1', '203.0.113.9, 10.1.1.1', '203.0.113.9'],
  ['what the caller wrote further left', '127.0.0.1', '10.9.9.9, 203.0.113.9', '203.0.113.9'],
  ['a proxy that says nothing', '127.0.0.1', undefined, '127.0.0.1'],
  ['a proxy that says nonsense', '127.0.0.1', 'unknown', '127.0.0.1'],
  ['a call from within', '127.0.0.1', '10.2.2.2', '10.2.2.2'],
  ['an IPv6 caller', '10.0.0.2', '2001:DB8::1', '2001:db8::1'],
])('%s', (_what, peer, header, expected) => {
  expect(addressBehind(peer, header, PROXIES)).toBe(expected);
});

it('without trusted proxies the header counts for nothing', () => {
  expect(addressBehind('127.0.0.1', '203.0.113.9', [])).toBe('127.0.0.1');
});
