// What came of a call that was made with `Prefer: respond-async`.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import type { Store } from '../../db/store.ts';
import { BackgroundCall } from '../../protocol/background-call.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type CallRow, findCall, toCall } from './rows.ts';

export interface BackgroundNeeds {
  secretsKey: string;
}

/** How often a waiting caller looks although nobody told it that the call is over. */
const LOOK_AGAIN_MS = 5_000;

export const getBackgroundCall = defineCommand({
  name: 'background get',
  summary: 'Show what came of a call that was made with Prefer: respond-async, by the key that made it',
  http: 'GET /background/{id}',
  scope: null,
  effect: 'read',
  isPoll: true,
  input: z.object({ id: z.uuid().describe('Id of the call, as the 202 has it') }),
  output: z.object({ call: BackgroundCall }),
  examples: ['seed background get 7a0d5e52-94a1-4c0e-8a54-6f6a6f2b8c11'],
  run: async ({ id }, { actor, store, waitMs, waiting }, { secretsKey }: BackgroundNeeds) => {
    const until = { waitMs, signal: waitMs === 0 ? null : waiting() };
    return { call: toCall(await settled(store, { keyId: actor.key.id, id }, until), secretsKey) };
  },
});

/** @throws SeedError not_found */
async function settled(
  store: Store,
  { keyId, id }: { keyId: string; id: string },
  { waitMs, signal }: { waitMs: number; signal: AbortSignal | null },
): Promise<CallRow> {
  using changes = store.signals.subscribe(`background:${id}`);
  const untilMs = performance.now() + waitMs;
  for (;;) {
    const row = await findCall(store.db, keyId, id);
    if (!row)
      throw new SeedError('not_found', `there is no call ${id} of this key in the background`, {
        hint: 'What came of a call is kept for a day, for the key that made it.',
      });
    const leftMs = untilMs - performance.now();
    if (row.status !== 'running' || leftMs <= 0 || !signal || signal.aborted) return row;
    await changes.next(Math.min(leftMs, LOOK_AGAIN_MS), signal);
  }
}
