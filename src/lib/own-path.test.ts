import { expect, it } from 'vitest';
import { isOwnPath } from './own-path.ts';

it.each([
  '/',
  '/tasks',
  '/tasks?q=a%20b&status=failed',
  '/keys/0b9c#limits',
  '/commands/keys-revoke?q=key',
  '/session-reports',
  '/tasks?next=https://elsewhere.example/',
  '/tasks/..',
  `/tasks/new?instruction=${'a'.repeat(5_000)}`,
])('%j is a page of this Seed', (to) => {
  expect(isOwnPath(to)).toBe(true);
});

it.each([
  '',
  'tasks',
  'https://elsewhere.example/',
  'javascript:alert(1)',
  '//elsewhere.example/',
  '///elsewhere.example/',
  '/\\elsewhere.example/',
  '\\\\elsewhere.example/',
  '/\t/elsewhere.example/',
  '/\n/elsewhere.example/',
  '/%0d%0aSet-Cookie: a=b\r\nb: c',
  ' //elsewhere.example/',
  '/.//elsewhere.example/',
  '/a/..//elsewhere.example/',
  '/\u2028/elsewhere.example',
  '/／elsewhere.example',
  '@elsewhere.example',
  '.elsewhere.example',
  '/sign-in',
  '/sign-in?to=/sign-in',
  '/./sign-in',
  '/x/../session/oidc',
  '/session/oidc/sign-out',
  '/api/v1/keys',
  ['/tasks'],
  { toString: () => '/tasks' },
  null,
  undefined,
])('%j is none', (to) => {
  expect(isOwnPath(to)).toBe(false);
});
