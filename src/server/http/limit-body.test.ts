import { expect, test, vi } from 'vitest';
import { parseMediaType } from './limit-body.ts';

test.each<[string, string, Record<string, string>]>([
  ['application/json', 'application/json', {}],
  ['Application/JSON;Charset=UTF-8', 'application/json', { charset: 'UTF-8' }],
  [' text/plain ;\tcharset=utf-8 ; ', 'text/plain', { charset: 'utf-8' }],
  ['multipart/form-data; boundary=x', 'multipart/form-data', { boundary: 'x' }],
  ['multipart/form-data; boundary="a b\\"c"', 'multipart/form-data', { boundary: 'a b"c' }],
  ['multipart/form-data; boundary=";x=y"; charset=""', 'multipart/form-data', { boundary: ';x=y', charset: '' }],
  // Types of their own, however much they look like another.
  ['multipart/form-data-x', 'multipart/form-data-x', {}],
  ['multipart/form-data+json;boundary=x', 'multipart/form-data+json', { boundary: 'x' }],
  ['application/x-multipart/form-data'.replace('/form', '%form'), 'application/x-multipart%form-data', {}],
])('%j is %s', (text, essence, parameters) => {
  const type = parseMediaType(text);
  expect(type?.essence).toBe(essence);
  expect(Object.fromEntries(type?.parameters ?? [])).toEqual(parameters);
});

test.each([
  '',
  'json',
  'application/',
  '/json',
  'application /json',
  'application/json, text/plain',
  'application/json charset=utf-8',
  'application/json; charset',
  'application/json; charset=',
  'application/json; charset =utf-8',
  'application/json; charset=utf-8 latin1',
  'multipart/form-data; boundary="x',
  'multipart/form-data; boundary="x"y',
  'multipart/form-data; boundary=x; Boundary=y',
  'multipart/form-data; boundary=\u0000',
  'multipart/form-data/x',
  'multipart/förm-data',
])('%j is none', (text) => expect(parseMediaType(text)).toBeNull());

test('a header as long as any takes no time', () => {
  const exec = vi.spyOn(RegExp.prototype, 'exec');
  const before = process.threadCpuUsage();
  for (const piece of ['; a', ';\t', '; a="\\"', ' ', ';;'])
    parseMediaType(`multipart/form-data${piece.repeat(16_384 / piece.length)}`);
  const { user } = process.threadCpuUsage(before);
  const steps = exec.mock.calls.length;
  exec.mockRestore();
  // At the most one for every type and every semicolon, and none goes through the whole header again and again:
  // that is counted in this thread's own processor time, whatever else the machine does.
  expect(steps).toBeLessThan(5 + 2 * 16_384);
  expect(user).toBeLessThan(1_000_000);
});
