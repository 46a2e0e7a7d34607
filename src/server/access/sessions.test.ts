import { afterEach, describe, expect, it, vi } from 'vitest';
import { sessionSettings } from './sessions.ts';

afterEach(() => vi.unstubAllEnvs());

describe('how long people stay signed in', () => {
  it('is 12 hours, and 2 hours without a request', () => {
    expect(sessionSettings()).toEqual({ lifeMs: 43_200_000, idleMs: 7_200_000 });
  });

  it.each([
    ['SEED_SESSION_HOURS', '1', { lifeMs: 3_600_000, idleMs: 7_200_000 }],
    ['SEED_SESSION_HOURS', '168', { lifeMs: 604_800_000, idleMs: 7_200_000 }],
    ['SEED_SESSION_IDLE_MINUTES', '5', { lifeMs: 43_200_000, idleMs: 300_000 }],
    ['SEED_SESSION_IDLE_MINUTES', '1440', { lifeMs: 43_200_000, idleMs: 86_400_000 }],
  ])('can be set: %s=%s', (name, value, settings) => {
    vi.stubEnv(name, value);
    expect(sessionSettings()).toEqual(settings);
  });

  it.each([
    ['SEED_SESSION_HOURS', '0'],
    ['SEED_SESSION_HOURS', '169'],
    ['SEED_SESSION_HOURS', 'never'],
    ['SEED_SESSION_IDLE_MINUTES', '4'],
    ['SEED_SESSION_IDLE_MINUTES', '1441'],
  ])('has bounds: %s=%s', (name, value) => {
    vi.stubEnv(name, value);
    expect(() => sessionSettings()).toThrow(name);
  });
});
