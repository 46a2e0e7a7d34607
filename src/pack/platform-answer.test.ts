// What a platform's answers become, whatever they are packed, written and called in.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Operation } from '../openapi/operation.ts';
import type { Platform } from './platform.ts';
import { answeredFile, platformAnswer } from './platform-answer.ts';
import { sendToPlatform } from './send.ts';

let next: { status?: number; headers?: Record<string, string>; body?: string | Buffer };
const server = createServer((_, response) => {
  response.writeHead(next.status ?? 200, next.headers ?? {}).end(next.body);
});
let platform: Platform;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  platform = {
    title: 'Shop',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credential: { kind: 'bearer' },
    secret: 'canary',
    secretSetting: 'SEED_PACK_SHOP_TOKEN',
    sendCaller: false,
    oauth: null,
    isHeld: false,
  };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const operation = (fields: Partial<Operation> = {}) =>
  ({ places: {}, answers: 'object', fields: {}, accepts: 'application/json', ...fields }) as Operation;

function exchange(maxBytes = 10_000) {
  const request = { method: 'GET', url: new URL(platform.baseUrl), headers: {}, body: null };
  const given = new AbortController().signal;
  return sendToPlatform(platform, request, { effect: 'read', given, mayRepeat: false, maxBytes });
}

async function answer(fields: Partial<Operation> = {}): Promise<object> {
  return platformAnswer({ operation: operation(fields) }, await exchange());
}

const json = { 'content-type': 'application/json' };
const OBJECT = '{"name":"Zoë"}';

it.each<[string, typeof next, object]>([
  ['gzip', { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(OBJECT) }, { name: 'Zoë' }],
  ['deflate', { headers: { ...json, 'content-encoding': 'deflate' }, body: deflateSync(OBJECT) }, { name: 'Zoë' }],
  [
    'deflate, raw',
    { headers: { ...json, 'content-encoding': 'deflate' }, body: deflateRawSync(OBJECT) },
    { name: 'Zoë' },
  ],
  ['br', { headers: { ...json, 'content-encoding': 'br' }, body: brotliCompressSync(OBJECT) }, { name: 'Zoë' }],
  [
    'packed twice',
    { headers: { ...json, 'content-encoding': 'gzip, br' }, body: brotliCompressSync(gzipSync(OBJECT)) },
    { name: 'Zoë' },
  ],
  ['a byte order mark', { headers: json, body: `\ufeff${OBJECT}` }, { name: 'Zoë' }],
  ['UTF-16', { headers: json, body: Buffer.from(`\ufeff${OBJECT}`, 'utf16le') }, { name: 'Zoë' }],
  ['UTF-16 without a mark', { headers: json, body: Buffer.from(OBJECT, 'utf16le') }, { name: 'Zoë' }],
  [
    'Latin-1',
    { headers: { 'content-type': 'application/json; charset="ISO-8859-1"' }, body: Buffer.from(OBJECT, 'latin1') },
    { name: 'Zoë' },
  ],
  ['JSON called text', { headers: { 'content-type': 'text/html' }, body: OBJECT }, { name: 'Zoë' }],
  [
    'JSON called bytes',
    { headers: { 'content-type': 'application/octet-stream' }, body: OBJECT },
    { name: 'Zoë' },
  ],
  ['JSON called nothing', { body: OBJECT }, { name: 'Zoë' }],
  ['text', { headers: { 'content-type': 'text/plain' }, body: 'done' }, { value: 'done' }],
  ['nothing', { status: 204 }, { ok: true }],
  ['an empty body', { status: 205 }, { ok: true }],
  ['an empty body called JSON', { headers: json, body: ' \n' }, { ok: true }],
  [
    'lines of JSON',
    { headers: { 'content-type': 'application/x-ndjson' }, body: '{"a":1}\n\n{"a":9007199254740993}\n' },
    { items: [{ a: 1 }, { a: '9007199254740993' }], nextPage: null },
  ],
  [
    'numbers that no double holds',
    { headers: json, body: '{"a":1e400,"b":0.1,"c":0.12345678901234567890}' },
    { a: '1e400', b: 0.1, c: '0.12345678901234567890' },
  ],
])('%s', async (_, given, expected) => {
  next = given;
  expect(await answer()).toEqual(expected);
});

it.each<[string, typeof next, RegExp]>([
  [
    'an encoding that nobody knows',
    { headers: { ...json, 'content-encoding': 'zoo' }, body: 'x' },
    /encoding "zoo", which is not understood/,
  ],
  [
    'what is not packed',
    { headers: { ...json, 'content-encoding': 'gzip' }, body: OBJECT },
    /no gzip, as it says/,
  ],
  [
    'a bomb',
    { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync('x'.repeat(100_000)) },
    /more than 10000 bytes/,
  ],
  [
    'a charset that nobody knows',
    { headers: { 'content-type': 'text/plain; charset=ebcdic-1' }, body: 'x' },
    /charset "ebcdic-1", which is not known/,
  ],
  ['another charset than it says', { headers: json, body: Buffer.from(OBJECT, 'latin1') }, /no text in "utf-8"/],
  ['an image', { headers: { 'content-type': 'image/png' }, body: 'png' }, /no JSON, though it should be/],
  ['half an object', { headers: json, body: '{"a":' }, /no JSON, though it says so/],
])('%s is refused with the reason', async (_, given, why) => {
  next = given;
  await expect(answer()).rejects.toThrow(why);
});

it('int64 and decimals are strings of digits, however they came', async () => {
  next = { headers: json, body: '{"id":5,"price":1.10,"items":[{"id":9223372036854775807}],"count":3}' };
  const item = { type: 'object', properties: { id: { type: 'integer', format: 'int64' } } };
  const schema = {
    type: 'object',
    properties: {
      id: { type: 'integer', format: 'int64' },
      price: { type: 'number', format: 'decimal' },
      items: { type: 'array', items: item },
      count: { type: 'integer' },
    },
  };
  expect(await answer({ answer: schema })).toEqual({
    id: '5',
    price: '1.10',
    items: [{ id: '9223372036854775807' }],
    count: 3,
  });
});

it.each([
  [`attachment; filename="a b.pdf"; filename*=UTF-8''%C3%BC.pdf`, 'ü.pdf'],
  ['attachment; filename="../../etc/passwd"', 'passwd'],
  ['attachment; filename=".."', 'download'],
  ['inline', 'download'],
])('a file with the disposition %s is called %s', async (disposition, name) => {
  next = {
    headers: { 'content-type': 'application/pdf', 'content-disposition': disposition },
    body: Buffer.from([0, 255, 1]),
  };
  expect(answeredFile(await exchange())).toEqual({
    name,
    type: 'application/pdf',
    size: 3,
    bytes: Buffer.from([0, 255, 1]),
  });
});
