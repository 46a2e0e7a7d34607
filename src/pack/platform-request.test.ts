// How inputs stand in the request that the platform gets.
import { expect, it } from 'vitest';
import type { Operation, Place } from '../openapi/operation.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import type { Platform } from './platform.ts';
import { idempotencyHeaderOf, platformRequest } from './platform-request.ts';

const platform = (fields: Partial<Platform> = {}): Platform => ({
  title: 'Shop',
  baseUrl: 'https://shop.example.com/v1',
  credential: { kind: 'bearer' },
  secret: 'canary',
  secretSetting: 'SEED_PACK_SHOP_TOKEN',
  oauth: null,
  isHeld: false,
  sendCaller: false,
  ...fields,
});
const operation = (fields: Partial<Operation>): Operation => ({
  id: 'x',
  noun: 'things',
  verb: 'do',
  summary: 'x',
  method: 'GET',
  path: '/things',
  properties: {},
  required: [],
  places: {},
  answers: 'object',
  fields: {},
  ...fields,
});
const caller = {
  account: { id: 'a1', name: 'a' },
  actor: { keyId: 'k', keyName: 'k', scopes: [], taskId: 't1' },
  creationId: 'c1',
};
const request = (fields: Partial<Operation>, input: Record<string, unknown>, of = platform()) =>
  platformRequest(of, { operation: operation(fields) }, input, caller);

it.each<[Place['form'], unknown, string]>([
  [undefined, 'a b&c', '?q=a%20b%26c'],
  [undefined, 7, '?q=7'],
  ['repeated', ['a', 'b'], '?q=a&q=b'],
  ['commas', ['a', 'b'], '?q=a,b'],
  ['pipes', ['a', 'b'], '?q=a%7Cb'],
  ['spaces', ['a', 'b'], '?q=a%20b'],
  [
    'brackets',
    { gt: 5, in: ['a', 'b'], of: { x: 1 } },
    '?q%5Bgt%5D=5&q%5Bin%5D%5B%5D=a&q%5Bin%5D%5B%5D=b&q%5Bof%5D%5Bx%5D=1',
  ],
  ['json', { a: [1] }, '?q=%7B%22a%22%3A%5B1%5D%7D'],
  [undefined, null, ''],
])('a query in the form %s: %j', (form, value, search) => {
  const place: Place = { in: 'query', ...(form && { form }) };
  expect(request({ places: { q: place } }, { q: value }).url.search).toBe(search);
});

it('a path holds what it is given, and no other path', () => {
  const inPath = {
    path: '/things/{thing-id}/{file}.json',
    places: { thingId: { in: 'path', name: 'thing-id' }, file: { in: 'path' } },
  } as const;
  expect(request(inPath, { thingId: 'a/b?c', file: 'é' }).url.href).toBe(
    'https://shop.example.com/v1/things/a%2Fb%3Fc/%C3%A9.json',
  );
  for (const thingId of ['..', '.', ''])
    expect(() => request(inPath, { thingId, file: 'x' })).toThrow(/cannot be empty/);
});

it('a header takes one line of ASCII', () => {
  const inHeader = { places: { trace: { in: 'header', name: 'X-Trace' } } } as const;
  expect(request(inHeader, { trace: 'a' }).headers).toMatchObject({ 'x-trace': 'a' });
  expect(() => request(inHeader, { trace: 'a\r\nx-evil: 1' })).toThrow(/one line/);
});

it.each<[Platform['credential'], Record<string, string>, string]>([
  [{ kind: 'bearer' }, { authorization: 'Bearer canary' }, ''],
  [{ kind: 'basic' }, { authorization: 'Basic Y2FuYXJ5' }, ''],
  [{ kind: 'header', name: 'X-Key' }, { 'x-key': 'canary' }, ''],
  [{ kind: 'query', name: 'key' }, {}, '?key=canary'],
])('the credential %j', (credential, headers, search) => {
  const shown = request({}, {}, platform({ credential }));
  expect(shown.headers).toMatchObject(headers);
  expect(shown.url.search).toBe(search);
  const open = request({ public: true }, {}, platform({ credential }));
  expect(JSON.stringify([open.headers, open.url])).not.toMatch(/canary|Y2FuYXJ5/);
  const without = request({}, {}, platform({ credential, secret: null }));
  expect(without.headers).not.toHaveProperty('authorization');
});

it('several credentials at once, each in its place', () => {
  const credential: Platform['credential'] = {
    kind: 'several',
    of: [
      { scheme: 'app', credential: { kind: 'query', name: 'key' } },
      { scheme: 'user', credential: { kind: 'cookie', name: 'session' } },
    ],
  };
  const secret = JSON.stringify({ app: 'canary', user: 'bird' });
  const { url, headers } = request({}, {}, platform({ credential, secret }));
  expect([url.search, headers['cookie']]).toEqual(['?key=canary', 'session=bird']);
});

it.each<[Place, unknown, string]>([
  [{ in: 'querystring', form: 'repeated' }, { a: ['1', '2'], key: 'mine' }, '?a=1&a=2&key=canary'],
  [{ in: 'querystring', form: 'json' }, { a: '&key=mine' }, '?%7B%22a%22%3A%22%26key%3Dmine%22%7D&key=canary'],
  [{ in: 'querystring' }, '$.a[?@.b==1]&key=mine', '?%24.a%5B%3F%40.b%3D%3D1%5D%26key%3Dmine&key=canary'],
])('all of the query in %j leaves the credential what it is', (place, value, search) => {
  const credential: Platform['credential'] = { kind: 'query', name: 'key' };
  expect(request({ places: { q: place } }, { q: value }, platform({ credential })).url.search).toBe(search);
});

it.each([
  ['application/jsonl', '{"a":"\\n"}\n2\n'],
  ['application/json-seq', '\u001e{"a":"\\n"}\n\u001e2\n'],
])('a body of lines is written line by line: %s', (sends, body) => {
  const places = { body: { in: 'whole body', form: 'lines' } } as const;
  expect(request({ method: 'POST', sends, places }, { body: [{ a: '\n' }, 2] }).body).toBe(body);
});

it('the caller is named where that is asked for', () => {
  expect(request({}, {}).headers).not.toHaveProperty('seed-account');
  expect(request({}, {}, platform({ sendCaller: true })).headers).toMatchObject({
    'seed-account': 'a1',
    'seed-task': 't1',
  });
});

it('an Idempotency-Key that the platform takes is the same when a request is repeated', () => {
  const places = { key: { in: 'header', name: 'Idempotency-Key' } } as const;
  expect(request({ places }, {}).headers['idempotency-key']).toBe('c1');
  expect(request({ places }, { key: 'mine' }).headers['idempotency-key']).toBe('mine');
});

it.each<[Partial<Operation>, Record<string, unknown>, string | null]>([
  [
    { method: 'POST', places: { a: { in: 'body' }, bodyId: { in: 'body', name: 'id' } } },
    { a: null, bodyId: 1 },
    '{"a":null,"id":1}',
  ],
  [{ method: 'PATCH', places: { a: { in: 'body' } } }, {}, '{}'],
  [{ method: 'DELETE', places: { a: { in: 'body' } } }, {}, null],
  [{ method: 'POST', places: { body: { in: 'whole body', name: 'body' } } }, { body: [1] }, '[1]'],
  [{ method: 'POST', places: { body: { in: 'whole body', name: 'body' } } }, {}, null],
])('the body of %j with %j', (fields, input, body) => {
  const sent = request({ sends: 'application/json', ...fields }, input);
  expect(sent.body).toBe(body);
  expect(sent.headers['content-type']).toBe(body === null ? undefined : 'application/json');
});

const header = (name: string, schema: JsonSchema = { type: 'string' }) =>
  idempotencyHeaderOf({ places: { key: { in: 'header', name } }, properties: { key: schema } });
const says = (description: string): JsonSchema => ({ type: 'string', description });

it.each<[string, JsonSchema?]>([
  ['Idempotency-Key'],
  ['idempotency-key', { type: 'string', format: 'uuid' }],
  ['X-Idempotency-Key', { type: 'string', maxLength: 64 }],
  ['Idempotence-Key'],
  ['X-Idempotent-Request-Token'],
  ['PayPal-Request-Id', says('The server stores keys for 45 days.')],
  ['X-Request-Id', says('Makes the request idempotent: sent again with the same id, it is done once.')],
  ['Client-Token', says('An idempotency token')],
])('%s is a key against repeats', (name, schema) => {
  expect(header(name, schema)).toEqual({ input: 'key', header: name });
});

it.each<[string, JsonSchema?]>([
  ['X-Request-Id'],
  ['X-Request-Id', says('Identifies this request when you talk to support')],
  ['X-Request-Id', says('For tracing only. It is not used for idempotency.')],
  ['If-Match', says('Together with PUT it makes updates idempotent')],
  ['Idempotency-Key', { type: 'string', maxLength: 20 }],
  ['Idempotency-Key', { type: 'string', pattern: '^[0-9]+$' }],
  ['Idempotency-Key', { type: 'integer' }],
  ['X-Idempotency-Key', says('Deprecated: this does not make the call idempotent.')],
])('%s is none', (name, schema) => {
  expect(header(name, schema)).toBeNull();
});

it('one in the query or the body is none: it is not sent by itself', () => {
  for (const place of ['query', 'body'] as const) {
    const places = { key: { in: place, name: 'Idempotency-Key' } };
    expect(idempotencyHeaderOf({ places, properties: {} })).toBeNull();
  }
});
