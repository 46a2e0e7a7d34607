// What is made of a task's events, in whatever pieces they come.
import { expect, it } from 'vitest';
import type { TaskEvent } from '../../../../../src/protocol/event.ts';
import { EMPTY_TRANSCRIPT, withEvents } from './transcript.ts';

const at = '2026-11-24T12:00:00.000Z';
const EVENTS: TaskEvent[] = [
  { seq: 1, at, type: 'status', status: 'running', phase: 'working', error: null },
  { seq: 2, at, type: 'tool_call', callId: 'a', tool: 'bash', input: { command: 'seed keys list' } },
  { seq: 3, at, type: 'tool_call', callId: 'b', tool: 'read', input: { path: 'x' } },
  { seq: 4, at, type: 'tool_output', callId: 'a', chunk: 'one ' },
  {
    seq: 5,
    at,
    type: 'command',
    command: 'keys list',
    effect: 'read',
    scope: 'keys:read',
    status: 200,
    durationMs: 3,
  },
  { seq: 6, at, type: 'tool_output', callId: 'a', chunk: 'two' },
  { seq: 7, at, type: 'tool_result', callId: 'b', output: 'no such file', isError: true },
  { seq: 8, at, type: 'tool_result', callId: 'a', output: 'one two', isError: false },
  { seq: 9, at, type: 'text', text: 'There are two.' },
];

const whole = withEvents(EMPTY_TRANSCRIPT, EVENTS);

it('puts a call together with all that it printed and its result', () => {
  expect(whole.entries.map(({ type, seq }) => [type, seq])).toEqual([
    ['status', 1],
    ['tool_call', 2],
    ['tool_call', 3],
    ['command', 5],
    ['text', 9],
  ]);
  expect(whole.entries[1]).toMatchObject({ output: 'one two', isError: false, endedAt: at });
  expect(whole.entries[2]).toMatchObject({ output: 'no such file', isError: true });
});

it('is the same when the events come one by one, and some of them twice', () => {
  const piecewise = EVENTS.reduce(
    (transcript, _, place) => withEvents(transcript, EVENTS.slice(Math.max(0, place - 2), place + 1)),
    EMPTY_TRANSCRIPT,
  );
  expect(piecewise).toEqual(whole);
  expect(withEvents(whole, EVENTS)).toBe(whole);
});

it('shows output whose call is no longer kept', () => {
  const { entries } = withEvents(EMPTY_TRANSCRIPT, EVENTS.slice(3, 4));
  expect(entries).toMatchObject([{ type: 'tool_call', callId: 'a', output: 'one ' }]);
});

it('keeps which call the model had written as text', () => {
  const call = { at, type: 'tool_call', tool: 'bash', input: {} } as const;
  const { entries } = withEvents(EMPTY_TRANSCRIPT, [
    { ...call, seq: 1, callId: 'txtabcdef', recovered: true },
    { ...call, seq: 2, callId: 'abcdefghi' },
  ]);
  expect(entries).toMatchObject([{ recovered: true }, { recovered: false }]);
});
