import { describe, expect, it } from 'vitest';
import { SeedError } from '../../protocol/errors.ts';
import { askModels, CoolDowns } from './ask-models.ts';
import { llmUnavailable } from './upstream-failure.ts';

type Behaviour = 'answers' | SeedError;
const tired = (seconds?: number) =>
  llmUnavailable('answered 429', seconds === undefined ? {} : { retryAfterSeconds: seconds });

/** Models that behave as the test says, on a clock that it moves. */
function scene(behaviours: Record<string, Behaviour>) {
  let nowMs = 0;
  const coolDowns = new CoolDowns(() => nowMs);
  const asked: string[] = [];
  const ask = async (models: string[]) => {
    asked.length = 0;
    return askModels(models, coolDowns, async (model, others) => {
      asked.push(others ? model : `${model}!`);
      const behaviour = behaviours[model] ?? 'answers';
      if (behaviour !== 'answers') throw behaviour;
      return `${model} says`;
    });
  };
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { asked, ask, behaviours, advance };
}

describe('askModels', () => {
  it('asks the next when one fails, and tells the last that it is', async () => {
    const { ask, asked } = scene({ a: tired(), b: llmUnavailable('answered 500') });
    expect(await ask(['a', 'b', 'c'])).toBe('c says');
    expect(asked).toEqual(['a', 'b', 'c!']);
  });

  it('asks no other when the request is at fault, or something else went wrong', async () => {
    const badRequest = llmUnavailable('answered 400: too long', { blames: 'call' });
    const { ask, asked, behaviours } = scene({ a: badRequest });
    await expect(ask(['a', 'b'])).rejects.toBe(badRequest);
    behaviours['a'] = new SeedError('unavailable', 'cancelled');
    await expect(ask(['a', 'b'])).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toEqual(['a']);
  });

  it('coolDowns a model that failed, until it answers or the rest is over', async () => {
    const { ask, asked, behaviours, advance } = scene({ a: llmUnavailable('answered 500') });
    await ask(['a', 'b']);
    await ask(['a', 'b']);
    expect(asked).toEqual(['b']);
    advance(15_000);
    behaviours['a'] = 'answers';
    expect(await ask(['a', 'b'])).toBe('a says');
  });

  it('asks a model whose rest is only a guess when no other is left', async () => {
    const { ask, asked, behaviours } = scene({ a: llmUnavailable('answered 500') });
    await expect(ask(['a'])).rejects.toThrow('answered 500');
    behaviours['a'] = 'answers';
    expect(await ask(['a'])).toBe('a says');
    expect(asked).toEqual(['a!']);
  });

  it('does not ask a model before the time it named, and passes that time on', async () => {
    const { ask, asked, advance, behaviours } = scene({ a: tired(60) });
    await expect(ask(['a'])).rejects.toMatchObject({ retryAfterSeconds: 60 });
    advance(20_000);
    await expect(ask(['a'])).rejects.toMatchObject({
      code: 'llm_unavailable',
      message: 'the LLM upstream answered 429',
      retryAfterSeconds: 40,
    });
    expect(asked).toEqual([]);
    advance(40_000);
    behaviours['a'] = 'answers';
    expect(await ask(['a'])).toBe('a says');
  });

  it('coolDowns no model because this server held the call back', async () => {
    const { ask, asked, behaviours } = scene({
      a: llmUnavailable('has 200 calls waiting', { retryAfterSeconds: 600, blames: 'limits' }),
    });
    await expect(ask(['a'])).rejects.toMatchObject({ retryAfterSeconds: 600 });
    behaviours['a'] = 'answers';
    expect(await ask(['a'])).toBe('a says');
    expect(asked).toEqual(['a!']);
  });

  it('asks a model again after five minutes whatever it said', async () => {
    const { ask, asked, advance } = scene({ a: tired(86_400) });
    await expect(ask(['a'])).rejects.toThrow();
    advance(300_000);
    await expect(ask(['a'])).rejects.toThrow();
    expect(asked).toEqual(['a!']);
  });

  it('says what each said when all fail, and the earliest time', async () => {
    const { ask } = scene({ a: tired(60), b: tired(20), c: llmUnavailable('answered 500') });
    const failure = {
      retryAfterSeconds: 20,
      message: expect.stringMatching(/^a: .*429; b: .*429; c: .*500$/),
    };
    await expect(ask(['a', 'b', 'c'])).rejects.toMatchObject(failure);
    await expect(ask(['b', 'c'])).rejects.toMatchObject({ retryAfterSeconds: 20 });
  });
});
