import { describe, expect, it } from 'vitest';
import { readConversation } from './conversation.ts';

const resultOf = (content: string, more: object = {}) =>
  readConversation([
    { role: 'user', content: 'x' },
    { role: 'tool', content, ...more },
  ]).results[0];

describe('readConversation', () => {
  it('takes the first user message as the instruction, in either form', () => {
    const system = { role: 'system', content: 'You are Pi' };
    const parts = [{ type: 'text', text: 'do ' }, { type: 'image_url' }, { type: 'text', text: 'it' }];
    expect(readConversation([system, { role: 'user', content: parts }]).instruction).toBe('do it');
    expect(readConversation([system]).instruction).toBe('');
  });

  it.each([
    ['fine\n\n', false, null],
    ['(no output)', false, null],
    ['oops\n\nCommand exited with code 4', true, 4],
    ['Command exited with code 127', true, 127],
    ['partial\n\nCommand timed out after 5 seconds', true, null],
    ['Command aborted', true, null],
    ['x\n\nCommand terminated without an exit code', true, null],
    ['Tool bash not found', true, null],
    ['the text "Command exited with code 4" in a sentence', false, null],
    ['Command exited with code 4\nand then more output', false, null],
  ])('reads the outcome of %j', (content, failed, exitCode) => {
    expect(resultOf(content)).toEqual({ output: content.trimEnd(), failed, exitCode });
  });

  it('believes an agent that marks errors', () => {
    expect(resultOf('anything', { is_error: true })?.failed).toBe(true);
  });
});
