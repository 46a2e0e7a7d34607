// Where each input of a command goes in its request.
import { expect, it } from 'vitest';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { restCall } from './rest-call.ts';

function command(method: ManifestCommand['http']['method'], path: string): ManifestCommand {
  const positional = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
  return { http: { method, path }, positional } as ManifestCommand;
}

it.each([
  [
    'a query',
    command('GET', '/keys'),
    { limit: 5, q: 'a b', cursor: undefined },
    '/api/v1/keys?limit=5&q=a+b',
    null,
  ],
  ['a list in the query', command('GET', '/x'), { type: ['a', 'b'] }, '/api/v1/x?type=a&type=b', null],
  ['an object in the query', command('GET', '/x'), { where: { a: 1 } }, '/api/v1/x?where=%7B%22a%22%3A1%7D', null],
  ['no query', command('GET', '/keys/{id}'), { id: '1/2' }, '/api/v1/keys/1%2F2', null],
  ['a body', command('PATCH', '/keys/{id}'), { id: '1', name: 'n' }, '/api/v1/keys/1', '{"name":"n"}'],
  ['null in a body', command('PATCH', '/keys/{id}'), { id: '1', limit: null }, '/api/v1/keys/1', '{"limit":null}'],
  ['nothing to send', command('DELETE', '/webhooks/{id}'), { id: '1' }, '/api/v1/webhooks/1', null],
])('%s', (_, given, input, path, body) => {
  expect(restCall(given, input)).toEqual({ method: given.http.method, path, body });
});

it.each(['', '.', '..', undefined])('refuses %j in a path: it would name another', (id) => {
  expect(() => restCall(command('GET', '/keys/{id}'), { id })).toThrow(
    expect.objectContaining({ code: 'invalid_input' }),
  );
});
