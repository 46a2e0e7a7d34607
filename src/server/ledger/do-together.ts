// A command whose work is one transaction: work, ledger row and kept answer are there together or not at all.
import type { Store } from '../../db/store.ts';
import { commit } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Admission } from './admission.ts';
import { type Earlier, enterRequest, keepAnswer } from './idempotency.ts';
import { type Done, doneRow, type KeptCall, writeRow } from './kept-call.ts';
import { pastTwins } from './repeat.ts';

/** Does the work on a store that is the transaction. */
export type WorkTogether = (store: Store) => Promise<object>;

/** One call to be done so. */
export interface Together {
  /** Null: it is only counted. */
  call: KeptCall | null;
  /** Null: nothing limits it. */
  admission: Admission | null;
  waiting: () => AbortSignal;
}

/**
 * @throws SeedError unavailable, outcome_unknown, what a repeat is told, and whatever admission and work throw
 */
export async function doTogether(store: Store, together: Together, work: WorkTogether): Promise<Done> {
  const repeat = together.call?.repeat ?? null;
  const result = await pastTwins(store, repeat, together.waiting, () => attempt(store, together, work));
  if (result.state === 'done') return { output: result.output, isReplay: false };
  if (result.state !== 'answered' || repeat === null) throw new SeedError('internal', 'a twin without a key');
  return { output: repeat.unseal(result.answer), isReplay: true };
}

type Attempted = Earlier | { state: 'done'; output: object };

async function attempt(store: Store, { call, admission }: Together, work: WorkTogether): Promise<Attempted> {
  const afterwards: (() => void)[] = [];
  const caches: Store['caches'] = {
    ...store.caches,
    forget: (subject) => afterwards.push(() => store.caches.forget(subject)),
  };
  try {
    const committed = await commit(store.db, async (tx): Promise<Attempted> => {
      const { clock } = store;
      const repeat = call?.repeat;
      const earlier = repeat ? await enterRequest(tx, repeat.request, clock.now()) : null;
      if (earlier !== null) return earlier;
      await admission?.admit(tx);
      const output = await work({ ...store, db: tx, caches });
      if (call) {
        // The ledger is read in the order of its times, and the row is not there before now.
        const now = clock.now();
        if (!call.isAsked) call.row = { ...call.row, at: now };
        await writeRow(tx, doneRow(call, output));
        if (repeat) await keepAnswer(tx, repeat.request, { id: call.row.id, now, answer: repeat.seal(output) });
      }
      return { state: 'done', output };
    });
    if (committed.state === 'unknown') throw unknown(call, committed.cause);
    if (call && committed.result.state === 'done') call.hasRow = true;
    return committed.result;
  } finally {
    // Also when it failed: whether it was kept may not be known.
    for (const each of afterwards) each();
  }
}

function unknown(call: KeptCall | null, cause: unknown): SeedError {
  if (call) call.isUnknown = true;
  const what = 'the database did not say whether it kept what was done';
  return call?.repeat
    ? new SeedError('unavailable', what, { hint: 'Send it again with the same Idempotency-Key.', cause })
    : new SeedError('outcome_unknown', what, { hint: 'Look what is there before you try again.', cause });
}
