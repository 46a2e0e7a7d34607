// However an upstream counts and names its calls: each arrives once, whole, and with an id that all take.
import { describe, expect, test } from 'vitest';
import { call, LS, ls, PWD, piecesOf, pwd, read, tools, whole } from '../../../../test/fixtures/read-calls.ts';
import { createCallReader } from './tool-calls.ts';

describe('which part belongs to which call', () => {
  test.each<[string, object[]]>([
    [
      'two under one index with ids of their own',
      [
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: '' } }),
        call({ index: 0, id: '', function: { arguments: LS } }),
        call({ index: 0, id: 'b', function: { name: 'bash', arguments: '' } }),
        call({ index: 0, id: '', function: { arguments: PWD } }),
      ],
    ],
    [
      'all at index 0, whole, without ids',
      [
        call({ index: 0, function: { name: 'bash', arguments: LS } }),
        call({ index: 0, function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'without index, with ids',
      [
        call({ id: 'a', function: { name: 'bash', arguments: LS } }),
        call({ id: 'b', function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'without index, continued without anything',
      [
        call({ id: 'a', function: { name: 'bash', arguments: '{"comm' } }),
        call({ function: { arguments: 'and":"ls"}' } }),
        call({ id: 'b', function: { name: 'bash', arguments: '' } }),
        call({ function: { arguments: PWD } }),
      ],
    ],
    [
      'an index as text',
      [
        call({ index: '0', id: 'a', function: { name: 'bash', arguments: '{"command":' } }),
        call({ index: '1', id: 'b', function: { name: 'bash', arguments: '{"command":' } }),
        call({ index: '0', function: { arguments: '"ls"}' } }),
        call({ index: '1', function: { arguments: '"pwd"}' } }),
      ],
    ],
    [
      'an index from 1, and below 0',
      [
        call({ index: -1, id: 'a', function: { name: 'bash', arguments: LS } }),
        call({ index: 7, id: 'b', function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'the id and the name in each part',
      [
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: '{"comm' } }),
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: 'and":"ls"}' } }),
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: '' } }),
        call({ index: 1, id: 'b', function: { name: 'bash', arguments: '' } }),
        call({ index: 1, id: 'b', function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'the name in each part, no id',
      [
        call({ index: 0, function: { name: 'bash', arguments: '{"comm' } }),
        call({ index: 0, function: { name: 'bash', arguments: 'and":"ls"}' } }),
        call({ index: 0, function: { name: 'bash', arguments: '' } }),
        call({ index: 1, function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'a name told again, then other arguments, all at index 0',
      [
        call({ index: 0, function: { name: 'bash', arguments: '' } }),
        call({ index: 0, function: { arguments: LS } }),
        call({ index: 0, function: { name: 'bash', arguments: '' } }),
        call({ index: 0, function: { arguments: '{"command":' } }),
        call({ index: 0, function: { arguments: '"pwd"}' } }),
      ],
    ],
    [
      'a new id for each part',
      [
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: '{"comm' } }),
        call({ index: 0, id: 'b', function: { arguments: 'and":"ls"}' } }),
        call({ index: 1, id: 'c', function: { name: 'bash', arguments: '{"comm' } }),
        call({ index: 1, id: 'd', function: { arguments: 'and":"pwd"}' } }),
      ],
    ],
    [
      'the id later',
      [
        call({ index: 0, function: { name: 'bash', arguments: '{"comm' } }),
        call({ index: 0, id: 'a', function: { arguments: 'and":"ls"}' } }),
        call({ index: 1, id: 'b', function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'the arguments before the name',
      [
        call({ index: 0, id: 'a', function: { arguments: LS } }),
        call({ index: 0, function: { name: 'bash' } }),
        call({ index: 1, id: 'b', function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'one id for all',
      [
        call({ index: 0, id: '0', function: { name: 'bash', arguments: LS } }),
        call({ index: 1, id: '0', function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'one id and one index for all',
      [
        call({ index: 0, id: 'bash', function: { name: 'bash', arguments: LS } }),
        call({ index: 0, id: 'bash', function: { name: 'bash', arguments: PWD } }),
      ],
    ],
    [
      'both in one event, with nothing to tell them apart',
      [
        {
          tool_calls: [
            { function: { name: 'bash', arguments: LS } },
            { function: { name: 'bash', arguments: PWD } },
          ],
        },
      ],
    ],
    [
      'both in one event, gone on with in their order',
      [
        { tool_calls: [{ function: { name: 'bash' } }, { function: { name: 'bash' } }] },
        { tool_calls: [{ function: { arguments: LS } }, { function: { arguments: PWD } }] },
      ],
    ],
    [
      'the whole message after its deltas',
      [
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: LS } }),
        call({ index: 1, id: 'b', function: { name: 'bash', arguments: '{"comm' } }),
        {
          message: {
            tool_calls: [
              { id: 'x', function: { name: 'bash', arguments: LS } },
              { id: 'b', function: { name: 'bash', arguments: PWD } },
            ],
          },
        },
      ],
    ],
    [
      'a message for each',
      [
        { message: { tool_calls: [{ function: { name: 'bash', arguments: { command: 'ls' } } }] } },
        { message: { tool_calls: [{ function: { name: 'bash', arguments: { command: 'pwd' } } }] } },
      ],
    ],
    [
      'with deltas of nothing between',
      [
        call({ index: 0 }),
        call({ index: 0, id: '', type: 'function', function: {} }),
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: LS } }),
        call({ index: 0, function: { name: null, arguments: null } }),
        { tool_calls: null },
        { tool_calls: [] },
        { tool_calls: {} },
        call({ index: 1, id: null, function: { name: '', arguments: '' } }),
        call({ index: 1, id: 5, function: { name: 'bash', arguments: PWD } }),
        call({ index: 2, function: {} }),
      ],
    ],
    [
      'parts of the content',
      [
        {
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'a', name: 'bash', input: { command: 'ls' } },
          ],
        },
        { content: [{ functionCall: { name: 'bash', args: { command: 'pwd' } } }] },
      ],
    ],
    [
      'by their index instead of in a list',
      [
        {
          tool_calls: {
            0: { function: { name: 'bash', arguments: LS } },
            1: { id: 'b', function: { name: 'bash', arguments: PWD } },
          },
        },
      ],
    ],
    [
      'as Cohere has them',
      [
        {
          tool_calls: [
            { name: 'bash', parameters: { command: 'ls' } },
            { name: 'bash', parameters: { command: 'pwd' } },
          ],
        },
      ],
    ],
    [
      'empty arguments first',
      [
        call({ index: 0, id: 'a', function: { name: 'bash', arguments: '{}' } }),
        call({ index: 0, function: { arguments: LS } }),
        call({ index: 1, id: 'b', function: { name: 'bash', arguments: {} } }),
        call({ index: 1, function: { arguments: PWD } }),
      ],
    ],
  ])('%s', (_, events) => {
    expect(read(...events)).toEqual([ls, pwd]);
  });

  test('the older function_call, in parts', () => {
    expect(
      read(
        { function_call: { name: 'bash' } },
        { function_call: { arguments: '{"comm' } },
        { function_call: { arguments: 'and":"ls"}' } },
      ),
    ).toEqual([ls]);
  });

  test('a name in parts', () => {
    const parts = ['ba', 'sh'].map((name) => call({ index: 0, function: { name } }));
    expect(read(...parts, call({ index: 0, function: { arguments: LS } }))).toEqual([ls]);
    const growing = ['b', 'bas', 'bash'].map((name) => call({ index: 0, id: 'a', function: { name } }));
    expect(read(...growing, call({ index: 0, function: { arguments: LS } }))).toEqual([ls]);
  });

  test('calls without arguments, one after the other', () => {
    const list = (index?: number, id?: string) => call({ index, id, function: { name: 'list', arguments: '' } });
    expect(read(list(0, 'a'), list(0, 'b'), list(1, 'c'))).toEqual([
      ['list', {}],
      ['list', {}],
      ['list', {}],
    ]);
    expect(read(list(), call({ function: { name: 'read' } }))).toEqual([
      ['list', {}],
      ['read', {}],
    ]);
    expect(read({ message: { tool_calls: [{ name: 'list' }, { name: 'list' }] } })).toEqual([
      ['list', {}],
      ['list', {}],
    ]);
  });
});

describe('ids and names', () => {
  const idsFor = (ids: unknown[], messages: object[] = [], name = 'bash') =>
    whole(
      piecesOf(
        ids.map((id, index) => call({ index, id, function: { name, arguments: LS } })),
        messages,
      ),
    ).map(({ id }) => id);

  test('whatever they were: plain and short, all different, and the own one where it is so', () => {
    const ids = idsFor([
      null,
      undefined,
      '',
      0,
      7,
      'call_1',
      'call_1',
      'x'.repeat(3_000),
      'a b',
      'ü',
      {},
      ['a'],
      true,
      'abcdefghi',
      'abcdefghi',
    ]);
    expect(new Set(ids).size).toBe(15);
    expect(ids.filter((id) => !/^[A-Za-z0-9_-]{1,40}$/.test(id ?? ''))).toEqual([]);
    expect([ids[5], ids[13]]).toEqual(['call_1', 'abcdefghi']);
  });

  test('one of the conversation is not used again', () => {
    const messages = [
      { role: 'assistant', tool_calls: [{ id: 'abcdefghi' }] },
      { role: 'tool', tool_call_id: 'abcdefghj' },
    ];
    const ids = idsFor(['abcdefghi', 'abcdefghj', 'abcdefghk'], messages);
    expect(ids.slice(2)).toEqual(['abcdefghk']);
    expect(new Set([...ids, 'abcdefghi', 'abcdefghj']).size).toBe(5);
  });

  test('no upstream can say that a call was recovered from text', () => {
    for (const id of idsFor(['txtabcdef', 'txt'])) expect(id?.startsWith('txt')).toBe(false);
  });

  test('names of offered tools are found in what is put around them; others fit everybody', () => {
    const named = [
      'functions.bash',
      'default_api:bash',
      'default_api.bash',
      ' bash',
      'bash<|channel|>commentary',
      'bash()',
      'a.b',
      'keys list',
      'seed.keys/list',
      'ü',
      'x'.repeat(300),
    ];
    const names = named.map((name) => whole(piecesOf([call({ function: { name, arguments: LS } })]))[0]?.name);
    expect(names.slice(0, 9)).toEqual([...Array(6).fill('bash'), 'a.b', 'keys_list', 'seed_keys_list']);
    for (const name of names.slice(7)) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  test('arguments without a name are told, under a name that no tool has', () => {
    expect(read(call({ index: 0, function: { arguments: LS } }))).toEqual([['unnamed', { command: 'ls' }]]);
  });

  test('what is to come back with the call comes with its end', () => {
    const extra = { extra_content: { google: { thought_signature: 'c2ln' } } };
    const pieces = piecesOf([
      call({ id: 'a', function: { name: 'bash', arguments: '{"command":' } }),
      call({ function: { arguments: '"ls"}' } }),
      call(extra),
    ]);
    expect(whole(pieces)).toMatchObject([{ name: 'bash', text: LS }]);
    expect(pieces.at(-1)).toMatchObject({ extra });
  });
});

test('a call is told when its arguments begin, and that it goes on with each part', () => {
  const reader = createCallReader({ messages: [], tools });
  const push = (fields: object) => reader.push(call({ index: 0, ...fields }), { isMessage: false });
  expect(push({ id: 'a', function: { name: 'bash' } })).toEqual([]);
  expect(push({ function: { arguments: '{"comm' } })).toMatchObject([{ index: 0, name: 'bash', arguments: '' }]);
  expect(reader.heldBytes).toBe(6);
  expect(push({ function: { arguments: 'and":"ls"}' } })).toEqual([{ index: 0, arguments: '' }]);
  expect(reader.end()).toEqual([{ index: 0, arguments: LS }]);
  expect(reader.heldBytes).toBe(0);
});
