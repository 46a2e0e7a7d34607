import { expect, it } from 'vitest';
import { z } from 'zod';
import { WrittenAnswer } from './define-command.ts';

const output = z.object({ task: z.object({ id: z.string() }).nullable() });

it('an answer that is written before has what the command declares, and nothing else', () => {
  const answer = new WrittenAnswer(output, { task: { id: '1', accountId: 'hidden' }, runnerId: 'hidden' });
  expect(answer.output).toEqual({ task: { id: '1' } });
  expect(answer.json).toBe('{"task":{"id":"1"}}');
  expect(new WrittenAnswer(output, { task: null }).json).toBe('{"task":null}');
  expect(() => new WrittenAnswer(output, { task: { id: 1 } })).toThrow();
});
