// Whatever is reported becomes an event that can be kept, and two ids that differ stay apart.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgentEvent } from '../protocol/event.ts';
import { CALL_ID_LENGTH } from '../protocol/event-lengths.ts';
import { LIMITS } from '../protocol/limits.ts';
import { keptEvent, keptLine, shortName } from './kept-event.ts';

const bytes = (event: AgentEvent) => Buffer.byteLength(JSON.stringify(event));

test('an event that fits stays the same object', () => {
  const event: AgentEvent = { type: 'text', text: 'short' };
  expect(keptEvent(event)).toBe(event);
});

test.each<[string, AgentEvent]>([
  ['a long text', { type: 'text', text: 'x'.repeat(200_000) }],
  ['control characters', { type: 'tool_result', callId: 'c', output: '\u0001'.repeat(60_000), isError: false }],
  [
    'a long input',
    { type: 'tool_call', callId: 'c', tool: 'write', input: { path: 'a', content: 'x'.repeat(200_000) } },
  ],
  [
    'an input of many parts',
    { type: 'tool_call', callId: 'c', tool: 'edit', input: { edits: Array(20_000).fill('abc') } },
  ],
])('%s is cut to the limit', (_name, event) => {
  const fitted = keptEvent(event);
  expect(bytes(fitted)).toBeLessThanOrEqual(LIMITS.eventBytes);
  expect(fitted.type).toBe(event.type);
  expect(JSON.stringify(fitted)).toMatch(/left out|not shown/);
});

test('short parts of a cut input are kept', () => {
  const event: AgentEvent = {
    type: 'tool_call',
    callId: 'c',
    tool: 'write',
    input: { path: 'a/b', content: 'x'.repeat(200_000) },
  };
  expect(keptEvent(event)).toMatchObject({ input: { path: 'a/b' } });
});

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

test.each<[string, object]>([
  ['an id of 100,000 characters', { type: 'tool_call', callId: 'x'.repeat(100_000), tool: 'bash', input: {} }],
  ['an id that is a number', { type: 'tool_result', callId: 7, output: '', isError: false }],
  ['an id that is a list', { type: 'tool_output', callId: ['a'], chunk: 'b' }],
  ['no id', { type: 'tool_output', chunk: 'b' }],
  ['a long name of a tool', { type: 'tool_call', callId: 'c', tool: 't'.repeat(5_000), input: {} }],
  ['an input that is a text', { type: 'tool_call', callId: 'c', tool: 'bash', input: 'ls' }],
  ['an input that is a list', { type: 'tool_call', callId: 'c', tool: 'bash', input: [1, 2] }],
  ['no input', { type: 'tool_call', callId: 'c', tool: 'bash' }],
  [
    'an input 100,000 levels deep',
    { type: 'tool_call', callId: 'c', tool: 'bash', input: { a: nested(100_000) } },
  ],
  ['output that is an object', { type: 'tool_result', callId: 'c', output: { a: 1 }, isError: 'no' }],
])('%s is kept', (_, event) => {
  const kept = keptEvent(event);
  expect(AgentEvent.safeParse(kept).error).toBeUndefined();
  expect(kept.type).toBe((event as { type: string }).type);
});

test.each(['', 'no JSON', '7', 'null', '[]', '{}', '{"type":"status"}', '['.repeat(200_000), '{"type":1}'])(
  'a line that is no event is shown as one: %.20s',
  (line) => {
    expect(keptLine(line)).toMatchObject({ type: 'diagnostic', text: expect.stringContaining('is no event') });
  },
);

test('long ids stay apart and are the same each time', () => {
  const long = 'x'.repeat(1_000);
  const ids = [`${long}a`, `${long}b`, `a${long}`, '\ud800', '\ud801', 'a\0', 'a\0\0', 'a'].map((id) =>
    shortName(id, CALL_ID_LENGTH),
  );
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id.length).toBeLessThanOrEqual(CALL_ID_LENGTH);
  expect(shortName(`${long}a`, CALL_ID_LENGTH)).toBe(ids[0]);
  expect(shortName('call_1', CALL_ID_LENGTH)).toBe('call_1');
});

test('whatever it is, it is kept within the limit, twice the same', () => {
  const field = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.jsonValue({ maxDepth: 5 }));
  const types = ['text', 'tool_call', 'tool_output', 'tool_result', 'diagnostic', 'status', 'other'];
  const event = fc.record(
    {
      type: fc.constantFrom(...types),
      callId: field,
      tool: field,
      input: field,
      output: field,
      chunk: field,
      text: field,
    },
    { requiredKeys: ['type'] },
  );
  fc.assert(
    fc.property(event, (value) => {
      const kept = keptEvent(value, 4_000);
      expect(AgentEvent.safeParse(kept).error).toBeUndefined();
      expect(bytes(kept)).toBeLessThanOrEqual(4_000);
      expect(keptEvent(kept, 4_000)).toEqual(kept);
    }),
    { numRuns: 300 },
  );
});
