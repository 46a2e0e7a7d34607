// A command whose work reaches beyond one transaction: its row stands in the ledger before the work and gets the
// outcome after it. Where that is lost, the row says for ever that it is unknown, and a repeat is not sent.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { commit } from '../../db/transaction.ts';
import type { Logger } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Admission } from './admission.ts';
import type { NewCall } from './call-log.ts';
import {
  type Claim,
  type Claimed,
  claimRequest,
  forgetClaim,
  leaveClaim,
  renewClaim,
  saveAnswer,
} from './idempotency.ts';
import { type Done, doneRow, failedRow, type KeptCall, writeRow } from './kept-call.ts';
import { pastTwins } from './repeat.ts';

const RENEW_EVERY_MS = 10_000;
/** Waiting for the database is worth it: who gets no answer would have to look what was done. */
const OUTCOME_PATIENCE_MS = 30_000;
const OUTCOME_RETRY_MS = 250;
/** Why an outcome is unknown is worth less. */
const WHY_PATIENCE_MS = 1_000;

export interface LedgerParts {
  store: Store;
  log: Logger;
  /** Called for each call whose outcome could not be written. */
  onLost(): void;
}

/** @param creationId the same again when a repeat takes over */
export type WorkBetween = (creationId: string) => Promise<object>;

/** One call to be done so. */
export interface Between {
  call: KeptCall;
  /** Null: nothing limits it. */
  admission: Admission | null;
  waiting: () => AbortSignal;
  /** Whether a repeat may do the work again, with the same creation id, when the outcome is unknown. */
  takesOver: boolean;
}

/**
 * @throws SeedError unavailable (no row, nothing done), outcome_unknown, what a repeat is told, and whatever
 * admission and work throw
 */
export async function doBetween(parts: LedgerParts, between: Between, work: WorkBetween): Promise<Done> {
  const { call, waiting } = between;
  const { repeat } = call;
  const claim = await pastTwins(parts.store, repeat, waiting, () => begin(parts, between));
  if (claim.state === 'answered' && repeat !== null)
    return { output: repeat.unseal(claim.answer), isReplay: true };
  if (claim.state !== 'mine') {
    const what = 'the first request with this Idempotency-Key was cut off, and may have been done';
    const hint = 'Look what is there. What is still to be done needs a new Idempotency-Key.';
    throw new SeedError('outcome_unknown', what, { hint });
  }
  call.hasRow = true;
  // Of an attempt that takes over, the row is that of the first.
  if (!call.isAsked) call.row = { ...call.row, id: claim.creationId, at: claim.at };
  const renewing = setInterval(() => {
    if (repeat) void renewClaim(parts.store, repeat.request).catch(() => {});
  }, RENEW_EVERY_MS);
  try {
    const output = await worked(parts, between, claim, () => work(claim.creationId));
    await writeOutcome(parts, doneRow(call, output), async (tx) => {
      if (repeat) await saveAnswer(tx, repeat.request, repeat.seal(output));
    });
    return { output, isReplay: false };
  } finally {
    clearInterval(renewing);
  }
}

/** Claims the request and writes the row, or says what became of an earlier one. */
async function begin(parts: LedgerParts, between: Between): Promise<Claim> {
  const { call, admission, takesOver } = between;
  const { row, repeat } = call;
  const now = parts.store.clock.now();
  const at = call.isAsked ? row.at : now;
  const first: Claimed = { state: 'mine', creationId: row.id, at: now, isFirst: true };
  const committed = await commit(parts.store.db, async (tx): Promise<Claim> => {
    const claim = repeat ? await claimRequest(tx, repeat.request, { id: row.id, now, takesOver }) : first;
    if (claim.state === 'mine' && claim.isFirst) {
      await admission?.admit(tx);
      await writeRow(tx, { ...row, at });
    }
    return claim;
  });
  if (committed.state === 'kept') return committed.result;
  const error = new SeedError('unavailable', 'the database did not say whether the call is in the ledger', {
    hint: 'Nothing was done; it may work later.',
    nothingDone: true,
    cause: committed.cause,
  });
  // Should it have kept the claim, the repeats of the request would be told that it may have been done.
  call.hasRow = true;
  call.row = { ...row, at };
  void writeOutcome(parts, failedRow(call, error, true), undo(between, first));
  throw error;
}

/** Does the work. When it fails the row says with what, and, if that is certain, that nothing was done. */
async function worked(
  parts: LedgerParts,
  between: Between,
  claim: Claimed,
  work: () => Promise<object>,
): Promise<object> {
  const { call } = between;
  try {
    return await work();
  } catch (error) {
    // Whoever set out before may have done it, or do it yet.
    const isKnown = claim.isFirst && error instanceof SeedError && error.nothingDone;
    call.isUnknown = !isKnown;
    const row = failedRow(call, error, isKnown);
    const leave = async (tx: Tx) => {
      if (call.repeat) await leaveClaim(tx, call.repeat.request, parts.store.clock.now());
    };
    if (isKnown) await writeOutcome(parts, row, undo(between, claim));
    // Not waited for in vain: the row says already that the outcome is unknown, and the claim lapses by itself.
    else await Promise.race([writeOutcome(parts, row, leave), pause(WHY_PATIENCE_MS)]);
    throw error;
  }
}

/** When certainly nothing was done. */
function undo({ call: { repeat }, admission }: Between, claim: Claimed) {
  return async (tx: Tx) => {
    await admission?.giveBack(tx);
    if (repeat) await forgetClaim(tx, repeat.request, claim);
  };
}

/** Tries for a while. Never rejects: an outcome that cannot be written stays unknown. */
async function writeOutcome(
  { store, log, onLost }: LedgerParts,
  row: NewCall,
  alongside: (tx: Tx) => Promise<void>,
): Promise<void> {
  const until = performance.now() + OUTCOME_PATIENCE_MS;
  for (;;) {
    try {
      return await store.db.transaction().execute(async (tx) => {
        await writeRow(tx, row);
        await alongside(tx);
      });
    } catch (error) {
      if (performance.now() > until) {
        log.error({ err: error, call: row }, 'the outcome of a call could not be recorded');
        onLost();
        return;
      }
    }
    await pause(OUTCOME_RETRY_MS);
  }
}

/** Keeps no process alive. */
const pause = (ms: number) => sleep(ms, undefined, { ref: false });
