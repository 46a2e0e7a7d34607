import { expect, it } from 'vitest';
import { HealthOfModels } from './model-health.ts';
import { llmUnavailable } from './upstream-failure.ts';

const broken = llmUnavailable('answered 500: some words', { upstreamStatus: 500 });
const busy = (retryAfterSeconds: number) => llmUnavailable('answered 429', { retryAfterSeconds });

function scene() {
  let nowMs = 0;
  const health = new HealthOfModels(() => nowMs);
  const advance = (seconds: number) => {
    nowMs += seconds * 1000;
  };
  /** The rest of a model that is tried as soon as it may be, and fails again. */
  const failsAgain = () => {
    advance(health.of('a').restSeconds);
    const leave = health.admit('a');
    health.failed('a', broken);
    leave?.();
    return health.of('a').restSeconds;
  };
  return { health, advance, failsAgain };
}

it('rests longer each time that a trial fails, up to a limit, and not at all once it answers', () => {
  const { health, failsAgain } = scene();
  health.failed('a', broken);
  expect(health.of('a')).toEqual({ state: 'resting', restSeconds: 15, reason: 'answered 500' });
  expect([1, 2, 3, 4, 5, 6].map(failsAgain)).toEqual([30, 60, 120, 240, 300, 300]);
  health.answered('a');
  expect(health.of('a')).toEqual({ state: 'ok', restSeconds: 0, reason: null });
  health.failed('a', broken);
  expect(health.of('a').restSeconds).toBe(15);
});

it('takes calls that fail together for one failure', () => {
  const { health } = scene();
  for (let call = 0; call < 20; call += 1) health.failed('a', broken);
  expect(health.of('a').restSeconds).toBe(15);
});

it('rests until the time that it named, at most five minutes', () => {
  const { health } = scene();
  health.failed('a', busy(40));
  health.failed('a', busy(10));
  expect(health.of('a').restSeconds).toBe(40);
  expect(health.namedRest('a')).toMatchObject({ model: 'a', restMs: 40_000 });
  health.failed('b', busy(86_400));
  expect(health.of('b').restSeconds).toBe(300);
  health.failed('c', broken);
  expect(health.namedRest('c')).toBeNull();
});

it('admits one call when the rest is over, and the next when that has left', () => {
  const { health, advance } = scene();
  health.failed('a', busy(5));
  expect(health.admit('a')).toBeNull();
  advance(5);
  expect(health.of('a')).toMatchObject({ state: 'on_trial', restSeconds: 0 });
  const leave = health.admit('a');
  expect(leave).not.toBeNull();
  expect(health.admit('a')).toBeNull();
  leave?.();
  expect(health.admit('a')).not.toBeNull();
});

it('forgets what nobody asks any more', () => {
  const { health, advance } = scene();
  for (let model = 0; model < 100; model += 1) health.failed(`m${model}`, broken);
  expect(health.ailing()).toHaveLength(100);
  advance(700);
  expect(health.ailing()).toEqual([]);
});

it('says how a model failed, and nothing that came with a call', () => {
  const { health } = scene();
  health.failed('a', llmUnavailable('answered 503: Loading model', { upstreamStatus: 503, isLoading: true }));
  health.failed('b', llmUnavailable('could not be reached: secret'));
  expect(['a', 'b', 'c'].map((model) => health.of(model).reason)).toEqual([
    'loads its model',
    'gave no whole answer',
    null,
  ]);
});
