import { describe, expect, it } from 'vitest';
import { SeedError } from '../../protocol/errors.ts';
import { askModels } from './ask-models.ts';
import { HealthOfModels } from './model-health.ts';
import { llmUnavailable, UpstreamFailure } from './upstream-failure.ts';

type Behaviour = 'answers' | SeedError;
const tired = (seconds?: number) =>
  llmUnavailable('answered 429', seconds === undefined ? {} : { retryAfterSeconds: seconds });

/** Models that behave as the test says, on a clock that it moves. */
function scene(behaviours: Record<string, Behaviour>, leftSeconds = 0) {
  let nowMs = 0;
  const health = new HealthOfModels(() => nowMs);
  const asked: string[] = [];
  const ask = async (models: string[]) => {
    asked.length = 0;
    return askModels({
      models,
      health,
      ask: async (model, { others, after }) => {
        const waited = after === null ? '' : ` after ${(after.retryAfterMs ?? 0) / 1000}`;
        asked.push(`${others ? model : `${model}!`}${waited}`);
        const behaviour = behaviours[after === null ? model : `${model} later`] ?? 'answers';
        if (behaviour !== 'answers') throw behaviour;
        return `${model} says`;
      },
      wouldWait: ({ isLoading, retryAfterMs }) => isLoading || (retryAfterMs ?? 1e9) <= leftSeconds * 1000,
    });
  };
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { asked, ask, behaviours, advance, health };
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

  it('waits for the one that is back first, once all others were asked', async () => {
    const { ask, asked } = scene({ a: tired(60), b: tired(20), c: llmUnavailable('answered 500') }, 90);
    expect(await ask(['a', 'b', 'c'])).toBe('b says');
    expect(asked).toEqual(['a', 'b', 'c!', 'b! after 20']);
    expect(await ask(['c', 'a'])).toBe('a says');
    expect(asked).toEqual(['c!', 'a! after 60']);
  });

  it('waits for a lone model that rests, what is left of its time; and not twice', async () => {
    const { ask, asked, advance, behaviours } = scene({ a: tired(60), 'a later': tired(30) }, 90);
    await expect(ask(['a'])).rejects.toThrow('answered 429');
    expect(asked).toEqual(['a!']);
    advance(10_000);
    await expect(ask(['a'])).rejects.toMatchObject({ retryAfterSeconds: 30 });
    expect(asked).toEqual(['a! after 50']);
    behaviours['a later'] = 'answers';
    expect(await ask(['a'])).toBe('a says');
  });

  it('waits for a model that loads when no other answers', async () => {
    const loading = llmUnavailable('answered 503: Loading model', { isLoading: true });
    const { ask, asked } = scene({ a: loading, b: llmUnavailable('answered 404', { code: 'llm_refused' }) });
    expect(await ask(['a', 'b'])).toBe('a says');
    expect(asked).toEqual(['a', 'b!', 'a! after 0']);
  });

  it('says that asking again is of no use only when that holds for all', async () => {
    const refused = llmUnavailable('answered 404', { code: 'llm_refused' });
    const { ask, behaviours } = scene({ a: refused, b: refused });
    await expect(ask(['a', 'b'])).rejects.toMatchObject({ code: 'llm_refused' });
    behaviours['b'] = llmUnavailable('answered 500');
    await expect(ask(['b', 'a'])).rejects.toMatchObject({ code: 'llm_unavailable' });
  });

  it('lets one call try a model whose rest is over; the others go on to the next', async () => {
    const { health, advance } = scene({});
    health.failed('a', llmUnavailable('answered 500'));
    advance(15_000);
    const trial = Promise.withResolvers<void>();
    const asked: string[] = [];
    const ask = (name: string) =>
      askModels({
        models: ['a', 'b'],
        health,
        ask: async (model) => {
          asked.push(`${name} asks ${model}`);
          if (model === 'a') await trial.promise;
          return model;
        },
        wouldWait: () => false,
      });
    const first = ask('one');
    expect(await ask('two')).toBe('b');
    trial.resolve();
    expect(await first).toBe('a');
    expect(await ask('three')).toBe('a');
    expect(asked).toEqual(['one asks a', 'two asks b', 'three asks a']);
  });

  it('takes no failure of the request for one of the model, and leaves the trial to the next', async () => {
    const { ask, advance, health, behaviours } = scene({ a: llmUnavailable('answered 500') });
    await ask(['a', 'b']);
    advance(15_000);
    behaviours['a'] = new UpstreamFailure('too long', { code: 'context_too_long', blames: 'call' });
    await expect(ask(['a', 'b'])).rejects.toMatchObject({ code: 'context_too_long' });
    expect(health.of('a').state).toBe('on_trial');
    behaviours['a'] = 'answers';
    expect(await ask(['a', 'b'])).toBe('a says');
    expect(health.of('a').state).toBe('ok');
  });
});
