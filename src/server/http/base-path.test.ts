import { expect, it } from 'vitest';
import { parsePrefix, pathBelow, prefixOf } from './base-path.ts';

it.each([
  ['/seed', '/seed'],
  ['/seed/', '/seed'],
  ['/tools/seed-2.x_~', '/tools/seed-2.x_~'],
  ['', ''],
  ['/', ''],
  ['seed', null],
  ['//evil.example', null],
  ['/a//b', null],
  ['/\\evil.example', null],
  ['/..', null],
  ['/a/../b', null],
  ['/./a', null],
  ['/.well', '/.well'],
  ['javascript:alert(1)', null],
  ['/javascript:alert(1)', null],
  ['https://evil.example', null],
  ['/a b', null],
  ['/a\nSet-Cookie: x', null],
  ['/a\0', null],
  ['/a"><script>', null],
  ['/a?b', null],
  ['/a#b', null],
  ['/%2e%2e', null],
  ['/a,/b', null],
  ['/ä', null],
  [`/${'a'.repeat(300)}`, null],
])('the prefix %j', (text, expected) => {
  expect(parsePrefix(text)).toBe(expected);
});

const from = (peer: string | undefined, said?: string | string[]) =>
  ({ socket: { remoteAddress: peer }, headers: { 'x-forwarded-prefix': said } }) as never;
const settings = { basePath: '/own', trustedProxies: ['10.0.0.0/8'] };

it.each([
  ['a trusted proxy', from('10.1.2.3', '/seed/'), '/seed'],
  ['a trusted proxy, as IPv6 sockets name it', from('::ffff:10.1.2.3', '/seed'), '/seed'],
  ['a trusted proxy that says there is none', from('10.1.2.3', '/'), ''],
  ['anybody', from('203.0.113.9', '/seed'), '/own'],
  ['a socket that is gone', from(undefined, '/seed'), '/own'],
  ['a trusted proxy that says nothing', from('10.1.2.3'), '/own'],
  ['a trusted proxy that hands on nonsense', from('10.1.2.3', '//evil.example'), '/own'],
  ['two of them', from('10.1.2.3', '/a, /b'), '/own'],
  ['nobody', undefined, '/own'],
])('%s', (_who, incoming, expected) => {
  expect(prefixOf(incoming, settings)).toBe(expected);
});

it.each([
  ['/seed/api/v1/keys', '/api/v1/keys'],
  ['/api/v1/keys', '/api/v1/keys'],
  ['/seed', '/'],
  ['/seed/', '/'],
  ['/seeds/api', '/seeds/api'],
  ['/seed/seed/x', '/seed/x'],
  ['/Seed/api', '/Seed/api'],
  ['/seed//evil.example', '//evil.example'],
  ['/.well-known/oauth-protected-resource/seed/mcp', '/.well-known/oauth-protected-resource/mcp'],
  ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource/mcp'],
  ['/seed/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource/mcp'],
  ['/.well-known/oauth-protected-resource/seed', '/.well-known/oauth-protected-resource'],
  ['/.well-known/oauth-protected-resource/seeds/mcp', '/.well-known/oauth-protected-resource/seeds/mcp'],
])('below /seed, %s is %s', (path, expected) => {
  expect(pathBelow(path, '/seed')).toBe(expected);
});

it('of a prefix that begins as own paths do nothing is taken off: a proxy that says it has done so', () => {
  expect(pathBelow('/api/v1/keys', '/api')).toBe('/api/v1/keys');
});
