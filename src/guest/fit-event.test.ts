import { expect, test } from 'vitest';
import type { AgentEvent } from '../protocol/event.ts';
import { LIMITS } from '../protocol/limits.ts';
import { fitEvent } from './fit-event.ts';

const bytes = (event: AgentEvent) => Buffer.byteLength(JSON.stringify(event));

test('an event that fits stays the same object', () => {
  const event: AgentEvent = { type: 'text', text: 'short' };
  expect(fitEvent(event, LIMITS.eventBytes)).toBe(event);
});

test.each<[string, AgentEvent]>([
  ['a long text', { type: 'text', text: 'x'.repeat(200_000) }],
  [
    'control characters',
    { type: 'tool_result', callId: 'c', output: '\u0001'.repeat(60_000), isError: false },
  ],
  [
    'a long input',
    { type: 'tool_call', callId: 'c', tool: 'write', input: { path: 'a', content: 'x'.repeat(200_000) } },
  ],
  [
    'an input of many parts',
    { type: 'tool_call', callId: 'c', tool: 'edit', input: { edits: Array(20_000).fill('abc') } },
  ],
])('%s is cut to the limit', (_name, event) => {
  const fitted = fitEvent(event, LIMITS.eventBytes);
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
  expect(fitEvent(event, LIMITS.eventBytes)).toMatchObject({ input: { path: 'a/b' } });
});
