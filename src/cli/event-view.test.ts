// What a person is shown of a call.
import { expect, test } from 'vitest';
import { createEventView } from './event-view.ts';
import { styleFor } from './terminal.ts';

test('a call that the model had written as text is shown as one', () => {
  const view = createEventView(styleFor({ isTerminal: false } as never, {} as never));
  const call = { seq: 1, at: '2026-11-24T12:00:00.000Z', type: 'tool_call', tool: 'bash' } as const;
  const input = { command: 'ls' };
  expect(view({ ...call, callId: 'txtabcdef', input, recovered: true })).toBe(
    '$ ls\n  (it was written as text)\n',
  );
  expect(view({ ...call, callId: 'abcdefghi', input })).toBe('$ ls\n');
});
