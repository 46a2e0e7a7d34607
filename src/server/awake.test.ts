import { expect, it } from 'vitest';
import { createAwake } from './awake.ts';

it('tells whoever comes behind a standstill, and nobody else', async () => {
  let nowMs = 0;
  const awake = createAwake(
    () => undefined,
    () => nowMs,
  );
  const stood = () => awake.during(async ({ stoodStill }) => stoodStill);
  // Nothing was seen before.
  expect(await stood()).toBe(true);
  nowMs += 900;
  expect(await stood()).toBe(false);
  nowMs += 60_000;
  expect(await stood()).toBe(true);
  // A clock that was set back tells of time, too.
  nowMs -= 60_000;
  expect(await stood()).toBe(true);
});
