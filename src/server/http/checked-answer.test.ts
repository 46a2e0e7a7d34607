import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { answerChecker } from './checked-answer.ts';

const output = z.object({ task: z.object({ id: z.string() }).nullable() });

describe('answerChecker', () => {
  it('lets out what the command declares, and nothing else', () => {
    const check = answerChecker(output);
    const answer = { output: { task: { id: '1' } }, json: '{"task":{"id":"1"}}' };
    expect(check({ task: { id: '1', accountId: 'hidden' } })).toEqual(answer);
    expect(check({ task: Object.freeze({ id: '1', accountId: 'hidden' }), runnerId: 'hidden' })).toEqual(
      answer,
    );
    expect(check({ task: Object.freeze({ id: '1', accountId: 'hidden' }) })).toEqual(answer);
    expect(check({ task: null }).json).toBe('{"task":null}');
    expect(() => check({ task: Object.freeze({ id: 1 }) })).toThrow();
  });

  it('checks and writes a thing that is frozen once, and everything else every time', () => {
    const parse = vi.spyOn(output, 'parse');
    const check = answerChecker(output);
    const thing = Object.freeze({ id: '1' });
    const first = check({ task: thing });
    expect(check({ task: thing })).toBe(first);
    expect(parse).toHaveBeenCalledTimes(1);
    expect(check({ task: Object.freeze({ id: '1' }) })).not.toBe(first);
    const changing = { id: '1' };
    expect(check({ task: changing }).json).toBe('{"task":{"id":"1"}}');
    changing.id = '2';
    expect(check({ task: changing }).json).toBe('{"task":{"id":"2"}}');
    expect(parse).toHaveBeenCalledTimes(4);
  });

  it('knows nothing of what another command has answered', () => {
    const thing = Object.freeze({ id: '1', name: 'secret' });
    const wide = answerChecker(z.object({ task: z.object({ id: z.string(), name: z.string() }) }));
    expect(wide({ task: thing }).json).toContain('secret');
    expect(answerChecker(output)({ task: thing }).json).toBe('{"task":{"id":"1"}}');
  });
});
