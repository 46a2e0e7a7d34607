// What the connected runners mean for a task that is to run: refused, told to wait, or nothing to say.

import type { Store } from '../../db/store.ts';
import { SeedError } from '../../protocol/errors.ts';
import { SEEN_WITHIN_MS } from '../../protocol/runner.ts';
import { countRunning } from '../tasks/tasks.ts';
import { liveRunners } from './runners.ts';

/** @throws SeedError no_usable_driver when runners are connected and none of them can make a sandbox */
export async function refuseWithoutDriver(store: Store): Promise<void> {
  const runners = await liveRunners(store, SEEN_WITHIN_MS);
  if (runners.length === 0 || runners.some((runner) => runner.driver !== null)) return;
  const reasons = runners.flatMap((runner) =>
    runner.probes.map((probe) => `${probe.driver}: ${probe.why ?? 'not usable'}`),
  );
  throw new SeedError(
    'no_usable_driver',
    `no runner can make a sandbox (${[...new Set(reasons)].join('; ')})`,
    {
      hint: 'Run "bin/seed doctor" on the runner\'s machine: it says what is missing and how to get it.',
    },
  );
}

/** Why a queued task waits, for a person; null when it is about to be taken. */
export async function queuedNote(store: Store): Promise<string | null> {
  const runners = await liveRunners(store, SEEN_WITHIN_MS);
  if (runners.length === 0)
    return 'No runner is connected; it starts as soon as one is ("npm start" brings one).';
  const slots = runners.reduce((sum, runner) => sum + runner.slots, 0);
  return (await countRunning(store.db)) < slots ? null : `Waits for one of ${slots} slots.`;
}
