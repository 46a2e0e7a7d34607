import { afterEach, describe, expect, test, vi } from 'vitest';
import { createEventReader } from './event-stream.ts';

const LIMITS = { eventBytes: 10_000, documentBytes: 50_000 };
const KIB = 1024;

function read(pieces: readonly (string | Uint8Array)[], limits = LIMITS) {
  const reader = createEventReader(limits);
  const events = pieces.flatMap((piece) => [...reader.push(Buffer.from(piece))]);
  return [...events, ...reader.end()].map(({ json, text, isLast, name }) => {
    const seen = isLast ? 'DONE' : (json ?? text);
    return name === '' ? seen : { [name]: seen };
  });
}

describe('an event stream', () => {
  test.each<[string, string, unknown[]]>([
    ['LF', 'data: {"a":1}\n\ndata: {"a":2}\n\n', [{ a: 1 }, { a: 2 }]],
    ['CRLF', 'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n', [{ a: 1 }, { a: 2 }]],
    ['CR', 'data: {"a":1}\r\rdata: {"a":2}\r\r', [{ a: 1 }, { a: 2 }]],
    ['all three', 'data: {"a":1}\r\n\ndata: {"a":2}\n\r\ndata: {"a":3}\r\r\n', [{ a: 1 }, { a: 2 }, { a: 3 }]],
    ['a byte order mark', '\ufeffdata: {"a":1}\n\n', [{ a: 1 }]],
    ['no space, many spaces', 'data:{"a":1}\n\ndata:   {"a":2}  \n\n', [{ a: 1 }, { a: 2 }]],
    ['an event in several lines', 'data: {"a":\ndata: 1,\ndata: "b":"x"}\n\n', [{ a: 1, b: 'x' }]],
    [
      'an object within that stands in a line of its own',
      'data: {"a":\ndata: {"b":1}\ndata: }\n\n',
      [{ a: { b: 1 } }],
    ],
    ['lines that lack their prefix', 'data: {\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n\n', [{ a: 1, b: [2] }]],
    ['data without a colon, and empty', 'data\n\ndata:\n\ndata: \n\ndata: {"a":1}\n\n', [{ a: 1 }]],
    ['other fields', 'id: 7\nretry: 10\nx-trace: 1\nevent: message\ndata: {"a":1}\n\n', [{ message: { a: 1 } }]],
    ['comments', ': OPENROUTER PROCESSING\n\n:\ndata: {"a":1}\n: ping\n\n', [{ a: 1 }]],
    ['comments as events', 'data: : OPENROUTER PROCESSING\n\ndata: {"a":1}\n\n', [{ a: 1 }]],
    ['an error', 'event: error\ndata: overloaded\n\n', [{ error: 'overloaded' }]],
    [
      'a name, for one event only',
      'event: error\ndata: {"a":1}\n\ndata: {"a":2}\n\n',
      [{ error: { a: 1 } }, { a: 2 }],
    ],
    ['pings', 'event: ping\ndata: 17\n\nevent: heartbeat\ndata: ok\n\ndata: {"a":1}\n\n', [{ a: 1 }]],
    ['no empty lines', 'data: {"a":1}\ndata: {"a":2}\ndata: [DONE]\n', [{ a: 1 }, { a: 2 }, 'DONE']],
    ['no empty line at its end', 'data: {"a":1}\n\ndata: {"a":2}', [{ a: 1 }, { a: 2 }]],
    ['several documents in one event', 'data: {"a":1}{"a":2}, {"a":"}"}\n\n', [{ a: 1 }, { a: 2 }, { a: '}' }]],
    ['a list of events', 'data: [{"a":1},{"a":2}]\n\n', [{ a: 1 }, { a: 2 }]],
    ['null', 'data: null\n\ndata: {"a":1}\n\n', [{ a: 1 }]],
    ['a doubled prefix', 'data: data: {"a":1}\ndata:\ndata:\n\ndata: data: [DONE]\n\n', [{ a: 1 }, 'DONE']],
    ['events that lost their prefix', 'data: {"a":1}\n\n{"a":2}\n\n[DONE]\n\n', [{ a: 1 }, { a: 2 }, 'DONE']],
    ['a lead of empty lines', '\n\r\n  \ndata: {"a":1}\n\n', [{ a: 1 }]],
    ['no JSON', 'data: {"a":1\n\n', ['{"a":1']],
  ])('with %s', (_, body, events) => {
    expect(read([body])).toEqual(events);
    expect(read(Array.from(Buffer.from(body), (byte) => Uint8Array.of(byte)))).toEqual(events);
  });

  test.each(['[DONE]', ' [DONE] ', '[done]', '"[DONE]"', '[ DONE ]'.replaceAll(' ', '')])(
    'ends with %j',
    (done) => {
      expect(read([`data: {"a":1}\n\ndata: ${done}\n\n`])).toEqual([{ a: 1 }, 'DONE']);
    },
  );

  test('keeps bytes that are no UTF-8 as a sign of them', () => {
    expect(read([Buffer.from('data: {"a":"x'), Uint8Array.of(0xff, 0xc3), Buffer.from('"}\n\n')])).toEqual([
      { a: 'x\ufffd\ufffd' },
    ]);
  });

  test.each(['<html>', 'garbage', 'upstream connect error: reset'])('has no line like %j', (line) => {
    expect(() => read([`data: {"a":1}\n\n${line}\n\n`])).toThrow('not an event stream');
  });

  test('has no line and no event that is too long', () => {
    const long = 'x'.repeat(6_000);
    expect(() => read(['data: ', long, long])).toThrow('a line of more than 10000 bytes');
    expect(() => read([`data: ${long}\ndata: ${long}\n`])).toThrow('a line of more than 10000 bytes');
    expect(() => read([`data: ${long}${long}\n`])).toThrow('a line of more than 10000 bytes');
  });
});

describe('what is no event stream', () => {
  test.each<[string, string, unknown[]]>([
    ['a document', '{"a":[1,{"b":"}"}]}', [{ a: [1, { b: '}' }] }]],
    ['a document in many lines', '\n\n{\n  "a": 1\n}\n', [{ a: 1 }]],
    ['a document behind empty lines', '\n \n\n{"a":1}', [{ a: 1 }]],
    ['lines of JSON', '{"a":1}\n{"a":2}\r\n\n{"a":3}', [{ a: 1 }, { a: 2 }, { a: 3 }]],
    ['lines of JSON and an end', '{"a":1}\n[DONE]\n', [{ a: 1 }, 'DONE']],
    ['documents without anything between', '{"a":1}{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['a document with the end of a stream', '{"a":1}\n\ndata: [DONE]\n\n', [{ a: 1 }, 'DONE']],
    ['a document with the end of a stream in its line', '{"a":1}data: [DONE]\n\n', [{ a: 1 }, 'DONE']],
    ['a list of events', '[{"a":1}\n,\n{"a":2}\n]', [{ a: 1 }, { a: 2 }]],
    ['a page', '<html>\nlogin: here</html>', ['<html>\nlogin: here</html>']],
    ['a line of text', 'error: busy', ['error: busy']],
    ['half a document', '{"a":', ['{"a":']],
    ['nothing', ' \n', []],
  ])('%s', (_, body, events) => {
    expect(read([body])).toEqual(events);
    expect(read(Array.from(Buffer.from(body), (byte) => Uint8Array.of(byte)))).toEqual(events);
  });

  test('is not longer than it may be', () => {
    const long = 'x'.repeat(30_000);
    expect(() => read(['{"a":"', long, long])).toThrow('an answer of more than 50000 bytes');
    expect(() => read([`{\n${long}\n${long}\n`])).toThrow('an answer of more than 50000 bytes');
  });
});

describe('the work', () => {
  afterEach(() => void vi.restoreAllMocks());

  /** Characters that methods of texts were given to look at. */
  function countWork(): () => number {
    let work = 0;
    for (const method of ['split', 'includes', 'replace', 'trim', 'trimStart', 'slice', 'indexOf'] as const) {
      const original = String.prototype[method] as (...args: unknown[]) => unknown;
      vi.spyOn(String.prototype, method).mockImplementation(function (this: string, ...args: unknown[]) {
        const result = original.apply(this, args);
        work += method === 'slice' ? (result as string).length : this.length;
        return result;
      } as never);
    }
    const { exec } = RegExp.prototype;
    vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, text: string) {
      const from = this.lastIndex;
      const found = exec.call(this, text);
      work += found === null ? text.length : found.index + found[0].length - from;
      return found;
    });
    return () => work;
  }

  test.each<[string, string]>([
    ['one long line', `data: {"a":"${'x'.repeat(16 * KIB)}"}\n\n`],
    ['one long document', `{"a":"${'x'.repeat(16 * KIB)}"}`],
    ['many lines of one event', `data: {\n${'data: "a": 1,\n'.repeat(KIB)}data: "b": 2}\n\n`],
    ['many documents in one line', `data: ${'{"a":"\\"}"}'.repeat(KIB)}\n\n`],
    ['many prefixes', `data:${'data:'.repeat(3 * KIB)} {"a":1}\n\n`],
    ['many empty lines', '\n'.repeat(16 * KIB)],
  ])('grows with the bytes and no faster, a byte at a time: %s', (_, body) => {
    const bytes = Buffer.from(body);
    const work = countWork();
    const reader = createEventReader({ eventBytes: 1024 * KIB, documentBytes: 1024 * KIB });
    for (let at = 0; at < bytes.length; at += 1) for (const _event of reader.push(bytes.subarray(at, at + 1)));
    for (const _event of reader.end());
    expect(work()).toBeGreaterThan(bytes.length);
    expect(work()).toBeLessThan(bytes.length * 40);
  });
});
