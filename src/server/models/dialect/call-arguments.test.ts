// However the arguments of a call are written: one object, or what came, and never a guess.
import { describe, expect, test } from 'vitest';
import { call, LS, ls, piecesOf, read, tools, whole } from '../../../../test/fixtures/read-calls.ts';
import { createCallReader } from './tool-calls.ts';

describe('arguments', () => {
  test.each<[string, unknown[]]>([
    ['an object', [{ command: 'ls' }]],
    ['with space around', [' ', LS, '\n']],
    ['encoded twice', [JSON.stringify(LS)]],
    [
      'encoded three times, in parts',
      [JSON.stringify(JSON.stringify(LS)).slice(0, 9), JSON.stringify(JSON.stringify(LS)).slice(9)],
    ],
    ['each part with all before it', ['{"comm', '{"command":', LS]],
    ['as a whole again at the end', ['{"comm', 'and":"ls"}', LS]],
    ['told twice', [LS, LS]],
    ['begun, then as a whole', ['{"comm', 'and": "ls"', '{"command":"ls"}']],
    ['a bracket, then as a whole', ['{', '{"command":"ls"}']],
    ['a token behind it', [LS, '<|im_end|>']],
    ['a tag and a fence behind it', [LS, '\n```</tool_call>']],
    ['a bracket too many', [LS, '}']],
    ['in a fence', ['```json\n', LS, '\n```']],
    ["with the fence's language", ['json\n', LS]],
    ['after null', ['null', LS]],
    ['after an empty text', ['""', LS]],
  ])('%s', (_, parts) => {
    const [first, ...others] = parts;
    const events = others.map((part) => call({ index: 0, function: { arguments: part } }));
    expect(read(call({ index: 0, id: 'a', function: { name: 'bash', arguments: first } }), ...events)).toEqual([
      ls,
    ]);
  });

  test.each([[undefined], [null], [''], ['""'], ['null'], ['{}'], [' \n'], [{}]])('none: %j', (args) => {
    expect(read(call({ index: 0, function: { name: 'list', arguments: args } }))).toEqual([['list', {}]]);
  });

  test('a raw line end and a backslash that escapes nothing have one meaning only', () => {
    const text = '{"command":"printf \'\\d\'\nls\t\\u00e9 \\" \\\\ \\/"}';
    expect(read(call({ function: { name: 'bash', arguments: text } }))).toEqual([
      ['bash', { command: "printf '\\d'\nls\té \" \\ /" }],
    ]);
  });

  test.each([
    '{"command":"rm -r',
    '{"command":"ls"',
    '{"command":"ls"} and then',
    '{"command":"ls"}{"command":"pwd"}',
    "{'command':'ls'}",
    '[1,2]',
    '7',
    '"ls"',
    'ls',
    '{"command":"ls",}',
    '{"command":ls}',
    '{"a":1}{"a":',
  ])('what cannot be read stays as it came, and is no object: %s', (text) => {
    const [only] = whole(piecesOf([call({ index: 0, function: { name: 'bash', arguments: text } })]));
    expect(only?.text).toBe(text);
    expect(() => {
      const value: unknown = JSON.parse(only?.text ?? '');
      if (typeof value !== 'object' || Array.isArray(value)) throw new Error('no object');
    }).toThrow();
  });

  test('of a tool that takes free text they stay that text', () => {
    const custom = { index: 0, id: 'a', type: 'custom', custom: { name: 'a.b', input: '{"x": 1}} ' } };
    expect(whole(piecesOf([call(custom)]))).toMatchObject([{ name: 'a.b', text: '{"x": 1}} ' }]);
  });

  test('too much is refused', () => {
    const push = (events: number, part: (index: number) => object) => {
      const reader = createCallReader({ messages: [], tools });
      for (let index = 0; index < events; index++) reader.push(call(part(index)), { isMessage: false });
    };
    const long = 'x'.repeat(1024 * 1024);
    expect(() => push(20, () => ({ index: 0, function: { name: 'bash', arguments: long } }))).toThrow(
      'of more than',
    );
    expect(() => push(2_000, (index) => ({ index, function: { name: 'list' } }))).toThrow('more than 1000');
  });
});
