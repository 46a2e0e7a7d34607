import fc from 'fast-check';
import { expect, test } from 'vitest';
import { relayRoute } from './routes.ts';

test('the own requests of the guest', () => {
  expect(relayRoute('GET', '/task')).toEqual({ kind: 'task' });
  expect(relayRoute('POST', '/events')).toEqual({ kind: 'events' });
  expect(relayRoute('POST', '/result')).toEqual({ kind: 'result' });
  expect(relayRoute('GET', '/result')).toBeNull();
  expect(relayRoute('GET', '/task/')).toBeNull();
  expect(relayRoute('GET', '/task?x')).toBeNull();
});

test('files by their number, artifacts by their name', () => {
  expect(relayRoute('GET', '/files/0')).toEqual({ kind: 'file', index: 0 });
  expect(relayRoute('GET', '/files/99')).toEqual({ kind: 'file', index: 99 });
  const name = 'reports/März "2".csv';
  const path = `/artifacts/${encodeURIComponent(name)}`;
  expect(relayRoute('PUT', path)).toEqual({ kind: 'artifact', method: 'PUT', name });
  expect(relayRoute('DELETE', path)).toEqual({ kind: 'artifact', method: 'DELETE', name });
});

test('messages behind a number, once there are any or as they are now', () => {
  expect(relayRoute('GET', '/messages?after=0')).toEqual({ kind: 'messages', after: 0, now: false });
  expect(relayRoute('GET', '/messages?after=12&now')).toEqual({ kind: 'messages', after: 12, now: true });
});

test.each([
  ['GET', '/messages'],
  ['GET', '/messages?after='],
  ['GET', '/messages?after=-1'],
  ['GET', '/messages?after=1e3'],
  ['GET', '/messages?after=0x1'],
  ['GET', '/messages?after=1000000'],
  ['GET', '/messages?after=%31'],
  ['GET', '/messages?now'],
  ['GET', '/messages?now&after=1'],
  ['GET', '/messages?after=1&now='],
  ['GET', '/messages?after=1&now=1'],
  ['GET', '/messages?after=1&now&now'],
  ['GET', '/messages?after=1&NOW'],
  ['GET', '/messages?after=1&after=2'],
  ['GET', '/messages?after=1&'],
  ['GET', '/messages?after=1#now'],
  ['GET', '/messages/?after=1'],
  ['GET', '/messages?after=1&now\n'],
  ['POST', '/messages?after=1'],
  ['HEAD', '/messages?after=1&now'],
])('%s %j is no question for messages', (method, path) => expect(relayRoute(method, path)).toBeNull());

test.each([
  ['GET', '/files'],
  ['GET', '/files/'],
  ['GET', '/files/-1'],
  ['GET', '/files/1000'],
  ['GET', '/files/0x1'],
  ['GET', '/files/a.csv'],
  ['GET', '/files/0?x'],
  ['PUT', '/files/0'],
  ['GET', '/artifacts/a'],
  ['POST', '/artifacts/a'],
  ['PUT', '/artifacts/'],
  ['PUT', '/artifacts/a/b'],
  ['PUT', '/artifacts/..'],
  ['PUT', '/artifacts/..%2Fa'],
  ['PUT', '/artifacts/%2Fetc%2Fpasswd'],
  ['PUT', '/artifacts/a%2F..%2F..%2Fb'],
  ['PUT', '/artifacts/a%00'],
  ['PUT', '/artifacts/a%0D%0AX%3A%20y'],
  ['PUT', '/artifacts/a%5Cb'],
  ['PUT', '/artifacts/%E2%80%AEa'],
  ['PUT', '/artifacts/%ff'],
  ['PUT', '/artifacts/%'],
  ['PUT', '/artifacts/a?name=b'],
  ['PUT', `/artifacts/${'a'.repeat(255)}`],
])('%s %s is neither', (method, path) => expect(relayRoute(method, path)).toBeNull());

test('what is sent on stays as it was written', () => {
  for (const target of [
    '/cli/seed.mjs',
    '/api/v1/keys',
    '/api/v1/keys/a%20b?x=%2F..%2f;&y[]=1',
    '/llm/v1/models',
  ]) {
    expect(relayRoute('GET', target)).toMatchObject({
      kind: 'forward',
      method: 'GET',
      target,
      isCompletion: false,
    });
  }
  expect(relayRoute('POST', '/llm/v1/chat/completions')).toMatchObject({ isCompletion: true });
});

test.each([
  ['CONNECT', undefined],
  ['GET', ''],
  ['GET', '*'],
  ['GET', 'http://x/api/v1/keys'],
  ['GET', '/api/v1/a b'],
  ['GET', '/api/v1/a\tb'],
  ['GET', '/api/v1/a\u0000'],
  ['GET', '/api/v1/ä'],
  ['GET', '/api/v1/keys?ä'],
  ['GET', '/api/v1/keys?%'],
  ['GET', '/api/v1/%2E%2e/x'],
  ['GET', '/api/v1/.%2e/x'],
  ['GET', '/api/v1/x%2Fy'],
  ['GET', '/api/v1/x/..'],
  ['GET', '/api/v1/x/'],
  ['GET', '/api/v1/x;/../y'],
  ['GET', '/api/v1/..;/x'],
  ['GET', '/api/v1/%252e%252e/x'],
  ['GET', '/llm/v1/models?x'],
  ['GET', '/llm/v1/chat/completions'],
  ['POST', '/llm/v1/completions'],
  ['PURGE', '/api/v1/x'],
  ['get', '/api/v1/x'],
])('%s %j is not allowed', (method, path) => {
  expect(relayRoute(method, path)).toBeNull();
});

test('whatever is allowed is the same path for every parser and under its prefix', () => {
  const piece = fc.constantFrom(
    '/',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    '//',
    'a',
    'api',
    'v1',
    '%25',
    '?',
    '#',
    ';',
    '@',
    'runner',
    '%00',
    ':',
  );
  fc.assert(
    fc.property(fc.constantFrom('/api/v1/', '/llm/v1/'), fc.array(piece, { maxLength: 8 }), (prefix, pieces) => {
      const path = prefix + pieces.join('');
      const route = relayRoute('GET', path);
      if (route?.kind !== 'forward') return;
      const url = new URL(path, 'http://server');
      expect(url.host).toBe('server');
      expect(url.pathname).toBe(path.split('?')[0]);
      expect(decodeURIComponent(url.pathname).split('/')).not.toContain('..');
      expect(url.pathname.startsWith(prefix)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
