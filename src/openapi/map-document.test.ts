// What becomes of each thing that an OpenAPI document can say.
import { describe, expect, it } from 'vitest';
import { parseDocument } from './document.ts';
import { mapDocument } from './map-document.ts';

type Node = Record<string, unknown>;

const JSON_TYPE = 'application/json';
const ok = { 200: { description: 'ok', content: { [JSON_TYPE]: { schema: { type: 'object' } } } } };
const text = { type: 'string' };
const json = (schema: Node) => ({ required: true, content: { [JSON_TYPE]: { schema } } });

function map(paths: Node, more: Node = {}, scheme?: string) {
  const document = { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths, ...more };
  return mapDocument(parseDocument(JSON.stringify(document)), scheme);
}

/** One operation that is at POST /things/{id}. */
const mapOne = (operation: Node, more: Node = {}) =>
  map({ '/things/{id}': { parameters: [ID], post: { operationId: 'doIt', responses: ok, ...operation } } }, more);
const ID = { name: 'id', in: 'path', required: true, schema: text };

describe('inputs', () => {
  it('are path, query, headers and the fields of the body in one list, none named like another', () => {
    const parameters = [
      { name: 'per_page', in: 'query', schema: { type: 'integer' } },
      { name: 'X-Trace-Id', in: 'header', schema: text },
      { name: 'filter[status]', in: 'query', schema: text },
      { name: 'json', in: 'query', required: true, schema: text },
      { name: 'Authorization', in: 'header', schema: text },
    ];
    const body = json({
      type: 'object',
      required: ['id', 'perPage'],
      properties: { id: text, perPage: text, constructor: text, '@type': text },
    });
    const [operation] = mapOne({ parameters, requestBody: body }).file.operations;
    expect(operation?.places).toEqual({
      id: { in: 'path' },
      per_page: { in: 'query' },
      xTraceId: { in: 'header', name: 'X-Trace-Id' },
      filterStatus: { in: 'query', name: 'filter[status]' },
      queryJson: { in: 'query', name: 'json' },
      bodyId: { in: 'body', name: 'id' },
      bodyPerPage: { in: 'body', name: 'perPage' },
      bodyConstructor: { in: 'body', name: 'constructor' },
      type: { in: 'body', name: '@type' },
    });
    expect(operation?.required).toEqual(['id', 'queryJson', 'bodyId', 'bodyPerPage']);
  });

  it.each<[string, Node, unknown]>([
    ['a list', { schema: { type: 'array', items: text } }, 'repeated'],
    ['a list that is not exploded', { schema: { type: 'array', items: text }, explode: false }, 'commas'],
    ['pipes', { schema: { type: 'array', items: text }, style: 'pipeDelimited', explode: false }, 'pipes'],
    ['spaces', { schema: { type: 'array', items: text }, style: 'spaceDelimited', explode: false }, 'spaces'],
    ['an object in brackets', { schema: { type: 'object' }, style: 'deepObject' }, 'brackets'],
    ['JSON', { content: { [JSON_TYPE]: { schema: { type: 'object' } } } }, 'json'],
    ['text', { schema: text }, undefined],
  ])('%s in a query', (_, parameter, form) => {
    const [operation] = mapOne({ parameters: [{ name: 'q', in: 'query', ...parameter }] }).file.operations;
    expect(operation?.places['q']?.form).toBe(form);
  });

  it('cannot be null outside a body', () => {
    const optional = { anyOf: [{ type: 'integer' }, { type: 'null' }], title: 'Limit' };
    const [operation] = mapOne({
      parameters: [{ name: 'limit', in: 'query', schema: optional }],
    }).file.operations;
    expect(operation?.properties['limit']).toEqual({ type: 'integer', description: 'Limit' });
  });

  it('are one when the body is no object with fields', () => {
    const [operation] = mapOne({ requestBody: json({ type: 'array', items: text }) }).file.operations;
    expect(operation?.places['body']).toEqual({ in: 'whole body' });
    expect(operation?.properties['body']).toMatchObject({ type: 'array', items: text });
  });

  it('of an operation stand for those of its path', () => {
    const own = { name: 'id', in: 'path', required: true, schema: { type: 'integer' } };
    expect(mapOne({ parameters: [own] }).file.operations[0]?.properties['id']).toEqual({ type: 'integer' });
  });
});

describe('answers', () => {
  it.each<[string, Node, object]>([
    ['an object', ok, { answers: 'object', accepts: JSON_TYPE }],
    [
      'a list',
      {
        200: { content: { [JSON_TYPE]: { schema: { type: 'array', items: { properties: { a: text } } } } } },
      },
      { answers: 'list', fields: { a: text } },
    ],
    [
      'a number',
      { 200: { content: { 'application/vnd.x+json': { schema: { type: 'number' } } } } },
      { answers: 'value', accepts: 'application/vnd.x+json' },
    ],
    ['text', { 200: { content: { 'text/plain': {} } } }, { answers: 'value', accepts: 'text/plain' }],
    ['bytes', { 200: { content: { 'application/zip': {} } } }, { answers: 'file', accepts: 'application/zip' }],
    ['nothing', { 204: { description: 'done' } }, { answers: 'nothing' }],
    ['by default', { default: ok[200] }, { answers: 'object' }],
  ])('%s', (_, responses, answer) => {
    expect(mapOne({ responses }).file.operations[0]).toMatchObject(answer);
  });
});

describe('what is not taken over is named', () => {
  const cookie = { name: 'session', in: 'cookie', schema: text };
  it.each<[string, Node, string]>([
    [
      'parts of other kinds',
      { requestBody: { content: { 'multipart/mixed': {} } } },
      'its body is multipart/mixed',
    ],
    [
      'a header that has to be and cannot',
      { parameters: [{ ...cookie, in: 'header', style: 'form', required: true }] },
      'its header parameter session is written in the style form',
    ],
    ['a style', { parameters: [{ ...ID, style: 'form' }] }, 'its path parameter id is written in the style form'],
    ['events', { responses: { 200: { content: { 'text/event-stream': {} } } } }, 'it answers text/event-stream'],
    ['a redirect', { responses: { 302: { description: 'there' } } }, 'it answers with a redirect'],
    ['another server', { servers: [{ url: 'https://uploads.example.com' }] }, 'another server answers it'],
    [
      'another document',
      { requestBody: { $ref: 'bodies.yaml#/x' } },
      'its body refers to bodies.yaml#/x, and it is outside the document',
    ],
  ])('%s', (_, operation, why) => {
    const { file, leftOut } = mapOne(operation);
    expect(file.operations).toEqual([]);
    expect(leftOut).toEqual([{ operation: 'POST /things/{id}', why }]);
  });

  it.each<[string, Node, string]>([
    [
      'a style that there is not',
      { parameters: [{ ...cookie, style: 'simple' }] },
      'cookie parameter session is written in the style simple',
    ],
    ['callbacks', { callbacks: { done: {} } }, 'its callbacks are not received'],
  ])('%s, of an operation that is', (_, operation, why) => {
    const { file, partly } = mapOne(operation);
    expect(file.operations).toHaveLength(1);
    expect(partly).toEqual([{ operation: 'POST /things/{id}', why }]);
  });

  it('methods without a command, paths elsewhere, a parameter that nobody describes', () => {
    const { leftOut } = map({
      '/a': { options: { responses: ok } },
      '/b': { $ref: 'other.json' },
      '/c/{x}': { get: { responses: ok } },
      '/d#Action=x': { get: { responses: ok } },
      '/e': { servers: [{ url: '/v2' }], get: { responses: ok } },
    });
    expect(leftOut.map(({ operation }) => operation)).toEqual([
      'OPTIONS /a',
      '/b',
      'GET /c/{x}',
      'GET /d#Action=x',
      'GET /e',
    ]);
  });
});

describe('the credential', () => {
  const paths = (...securities: unknown[]) =>
    Object.fromEntries(
      securities.map((security, index) => [
        `/p${index}`,
        { get: { responses: ok, ...(security !== null && { security }) } },
      ]),
    );
  const schemes = {
    token: { type: 'http', scheme: 'Bearer' },
    login: { type: 'oauth2' },
    password: { type: 'http', scheme: 'basic' },
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
    inQuery: { type: 'apiKey', in: 'query', name: 'key' },
    cookie: { type: 'apiKey', in: 'cookie', name: 's' },
    mutual: { type: 'mutualTLS' },
  };
  const components = { components: { securitySchemes: schemes } };

  it.each<[string, unknown[], object]>([
    ['of most operations', [[{ key: [] }], [{ password: [] }], [{ key: [] }]], { kind: 'header', name: 'X-Key' }],
    ['OAuth is a bearer token', [[{ login: ['read'] }], [{ token: [] }], [{ key: [] }]], { kind: 'bearer' }],
    ['in the query', [[{ inQuery: [] }]], { kind: 'query', name: 'key' }],
    ['in a cookie', [[{ cookie: [] }]], { kind: 'cookie', name: 's' }],
    [
      'several at once',
      [[{ key: [], inQuery: [] }]],
      {
        kind: 'several',
        of: [
          { scheme: 'inQuery', credential: { kind: 'query', name: 'key' } },
          { scheme: 'key', credential: { kind: 'header', name: 'X-Key' } },
        ],
      },
    ],
    ['a password', [[{ password: [] }]], { kind: 'basic' }],
    ['none is asked for', [null], { kind: 'bearer' }],
  ])('%s', (_, securities, credential) => {
    expect(map(paths(...securities), components).file.credential).toEqual(credential);
  });

  it('leaves out what it does not open, and calls without it what is open', () => {
    const { file, leftOut } = map(
      paths([{ key: [] }], [{ key: [] }], [{ token: [] }], [{ key: [], password: [] }], [{ cookie: [] }], []),
      components,
    );
    expect(file.operations.map((operation) => [operation.path, operation.public === true])).toEqual([
      ['/p0', false],
      ['/p1', false],
      ['/p5', true],
    ]);
    expect(leftOut.map(({ why }) => why)).toEqual([
      'it needs another credential: token',
      'it needs another credential: key with password',
      'it needs another credential: cookie',
    ]);
  });

  it('can be chosen, and has to be one that a server can hold', () => {
    const both = paths([{ key: [] }, { token: [] }]);
    expect(map(both, components, 'token').file.credential).toEqual({ kind: 'bearer' });
    expect(() => map(both, components, 'mutual')).toThrow(/no security scheme "mutual" that a server can hold/);
  });
});

describe('a document', () => {
  it.each([
    ['[]', /no object/],
    ['{"swagger":"1.2","paths":{}}', /Swagger 1\.2/],
    ['{"openapi":"4.0.0","paths":{}}', /does not say/],
    ['openapi: 3.0.0', /no paths/],
    ['{"openapi":', /neither JSON nor YAML/],
  ])('%s is refused', (document, reason) => {
    expect(() => parseDocument(document)).toThrow(reason);
  });

  it.each<[unknown, string | null]>([
    [[{ url: 'https://x.example.com/v1/' }], 'https://x.example.com/v1'],
    [[{ url: 'https://{place}.example.com', variables: { place: { default: 'eu' } } }], 'https://eu.example.com'],
    [[{ url: '/v1' }], null],
    [[{ url: 'https://{place}.example.com' }], null],
    [undefined, null],
  ])('with the servers %j is at %s', (servers, server) => {
    expect(map({ '/a': { get: { responses: ok } } }, servers === undefined ? {} : { servers }).file.server).toBe(
      server,
    );
  });
});

describe('what is asked for', () => {
  const tagged = (tag: string, operationId: string) => ({ tags: [tag], operationId, responses: ok });
  const document = (more: Node = {}) =>
    parseDocument(
      JSON.stringify({
        openapi: '3.1.0',
        info: { title: 'Shop' },
        paths: {
          '/orders': { get: tagged('Orders', 'listOrders'), post: tagged('Orders', 'createOrder') },
          '/users': { get: tagged('Users', 'listUsers'), ...more },
        },
      }),
    );
  const idsOf = (only: string[], except: string[] = []) =>
    mapDocument(document(), undefined, { choice: { only, except } }).file.operations.map(({ id }) => id);

  it.each<[string[], string[], string[]]>([
    [['orders'], [], ['listOrders', 'createOrder']],
    [['orders list'], [], ['listOrders']],
    [['*/users'], [], ['listUsers']],
    [[], ['create*'], ['listOrders', 'listUsers']],
    [['Orders', 'listUsers'], ['POST /orders'], ['listOrders', 'listUsers']],
  ])('only %j except %j', (only, except, ids) => {
    expect(idsOf(only, except)).toEqual(ids);
  });

  it('and is not there is an error', () => {
    expect(() => idsOf(['invoices'])).toThrow(/no tag, operation or command "invoices"/);
  });

  it('is counted where it is not, and names stay as they were', () => {
    const { notChosen, file } = mapDocument(document(), undefined, { choice: { only: ['users'], except: [] } });
    expect([notChosen, file.chosen]).toEqual([2, { only: ['users'], except: [] }]);
    const [before] = file.operations;
    const renamed = before ? [{ ...before, noun: 'people', verb: 'show' }] : [];
    const again = mapDocument(document({ delete: tagged('Users', 'deleteUser') }), undefined, { before: renamed });
    expect(again.file.operations.find(({ id }) => id === 'listUsers')).toMatchObject({
      noun: 'people',
      verb: 'show',
    });
  });
});

it('two operations of one id are known by method and path', () => {
  const { file } = map({
    '/a': { get: { operationId: 'x', responses: ok } },
    '/b': { get: { operationId: 'x', responses: ok } },
  });
  expect(file.operations.map(({ id }) => id)).toEqual(['GET /a', 'GET /b']);
});
