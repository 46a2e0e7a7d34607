import { expect, test } from 'vitest';
import { LIMITS } from '../../protocol/limits.ts';
import { outputSoFar } from './output-so-far.ts';

test('nothing was said or printed', () => {
  expect(outputSoFar([])).toBeNull();
  expect(outputSoFar([{ type: 'status' }, { type: 'tool_output', callId: 'a', chunk: '' }])).toBeNull();
});

test("the agent's texts come before anything a tool printed", () => {
  const events = [
    { type: 'text', text: 'First.' },
    { type: 'tool_output', callId: 'a', chunk: 'noise' },
    { type: 'text', text: 'Second.' },
  ];
  expect(outputSoFar(events)).toBe('First.\nSecond.');
});

test("without texts, the last tool's output, from its chunks or else its result", () => {
  const chunks = [
    { type: 'tool_result', callId: 'a', output: 'earlier', isError: false },
    { type: 'tool_output', callId: 'b', chunk: 'x' },
    { type: 'tool_output', callId: 'b', chunk: 'y' },
  ];
  expect(outputSoFar(chunks)).toBe('xy');
  expect(outputSoFar([...chunks, { type: 'tool_result', callId: 'b', output: 'xy', isError: false }])).toBe('xy');
  expect(outputSoFar([...chunks, { type: 'tool_result', callId: 'c', output: 'z', isError: true }])).toBe('z');
});

test('a long output is cut in its middle to the limit', () => {
  const output = outputSoFar([{ type: 'text', text: `start${'€'.repeat(LIMITS.stdoutBytes)}end` }]) ?? '';
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(LIMITS.stdoutBytes);
  expect(output).toMatch(/^start€+\n\[… \d+ bytes left out …\]\n€+end$/);
});
