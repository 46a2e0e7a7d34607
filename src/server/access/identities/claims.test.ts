// What is read out of the claims of tokens, as issuers write them.
import { describe, expect, it } from 'vitest';
import { accountOf, claimAt, nameOf, scopesOf, valuesOf } from './claims.ts';

describe('a claim by its name or path', () => {
  const claims = {
    scope: 'a b',
    'https://example.com/account': 'acme',
    'example.com': { roles: ['by the long name'] },
    realm_access: { roles: ['admin'] },
    resource_access: { 'my.client': { roles: ['of the client'] }, my: { client: { roles: ['deeper'] } } },
    list: [{ roles: 'no' }],
    empty: null,
  };
  it.each([
    ['scope', 'a b'],
    ['https://example.com/account', 'acme'],
    ['example.com.roles', ['by the long name']],
    ['realm_access.roles', ['admin']],
    ['resource_access.my.client.roles', ['of the client']],
    ['realm_access.missing', undefined],
    ['realm_access', { roles: ['admin'] }],
    ['scope.length', undefined],
    ['list.0.roles', undefined],
    ['list.roles', undefined],
    ['empty', null],
    ['empty.more', undefined],
    ['__proto__', undefined],
    ['constructor.name', undefined],
    ['realm_access.__proto__', undefined],
    ['.', undefined],
    ['', undefined],
  ])('%s', (path, value) => {
    expect(claimAt(claims, path)).toEqual(value);
  });

  it('what is no object has none', () => {
    for (const claim of [undefined, null, 'text', 7, ['scope']]) expect(claimAt(claim, 'scope')).toBeUndefined();
  });
});

it.each([
  ['one two', ['one two', 'one', 'two']],
  [' one  two ', [' one  two ', 'one', 'two']],
  ['one', ['one', 'one']],
  [
    ['one', 'two three', 7, null, ['four']],
    ['one', 'two three'],
  ],
  [{ one: true, two: {}, three: 'x', four: false, five: null, six: 0 }, ['one', 'two', 'three', 'six']],
  [undefined, []],
  [null, []],
  [7, []],
  [true, []],
])('the values of %j', (claim, values) => {
  expect(valuesOf(claim)).toEqual(values);
});

it.each([
  ['acme', 'acme'],
  ['Acme Incorporated', 'Acme Incorporated'],
  [' acme ', 'acme'],
  ['Cafe\u0301', 'Caf\u00e9'],
  [['acme'], 'acme'],
  [{ acme: { id: 1 } }, 'acme'],
  [{ acme: true, other: false }, 'acme'],
  [['acme', 'other'], null],
  [{ acme: {}, other: {} }, null],
  [[], null],
  ['', null],
  ['  ', null],
  [7, null],
  [undefined, null],
])('the account of %j', (claim, account) => {
  expect(accountOf(claim)).toBe(account);
});

it.each([
  [{ sub: '1', email: 'ada@example.com', name: 'Ada' }, 'ada@example.com'],
  [{ sub: '1', email: 'boss@example.com', email_verified: false, preferred_username: 'ada' }, 'ada'],
  [{ sub: '1', name: 'Ada  Lovelace' }, 'Ada Lovelace'],
  [{ sub: '1' }, '1'],
  [{ sub: '1', name: 7, email: ['x'] }, '1'],
  [{ sub: '1', name: 'ad\u202ea\u0000' }, 'ad a'],
  [{ sub: '1', name: '\u200b' }, '1'],
  [{ sub: '1', name: '\u{1f600}'.repeat(30) }, '\u{1f600}'.repeat(20)],
])('what %j is called', (claims, name) => {
  expect(nameOf(claims, 20)).toBe(name);
});

describe('the scopes of values', () => {
  const all = {
    known: ['accounts:write', 'approvals:write', 'keys:read', 'keys:write', 'tasks:read', 'tasks:write'],
    operators: ['accounts:write'],
  };
  const map = new Map([
    ['all', ['*']],
    ['wide', ['keys:*', 'approvals:*', 'accounts:*']],
    ['tasks', ['tasks:*']],
    ['named', ['keys:write', 'approvals:write', 'accounts:write']],
    ['gone', ['nothing:here']],
  ]);
  it.each([
    [[], []],
    [['unknown', '*', 'keys:write'], []],
    [['all'], ['keys:read', 'tasks:read', 'tasks:write']],
    [['wide'], ['keys:read']],
    [
      ['tasks', 'tasks', 'gone'],
      ['tasks:read', 'tasks:write'],
    ],
    [['named'], ['accounts:write', 'approvals:write', 'keys:write']],
    [['all', 'named'], all.known],
  ])('%j', (values, scopes) => {
    expect(scopesOf(values, map, all)).toEqual(scopes);
  });

  it('without a map there are none', () => {
    expect(scopesOf(['all'], new Map(), all)).toEqual([]);
  });
});
