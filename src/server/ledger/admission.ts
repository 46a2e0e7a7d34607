// What must hold before a call is done: asked by do-together.ts and do-between.ts in the transaction of the work,
// or of its intent, so that what was counted and what was done are kept together or not at all.
import type { Db, Tx } from '../../db/tables.ts';
import type { Approval } from '../../protocol/approval.ts';

/** Whether one call may happen, and what it counts for. */
export interface Admission {
  /**
   * Counts the call towards what limits it. The locks that it takes are held until the transaction ends.
   * @throws SeedError limit_exceeded; NeedsApproval when a person is to be asked
   */
  admit(tx: Tx): Promise<void>;
  /** Takes back what `admit` counted, where it is certain that nothing was done. */
  giveBack(tx: Tx): Promise<void>;
  /** Once it is admitted: what the caller is to be told with the answer. */
  warning?(): string | null;
}

/**
 * Work that no transaction of its own is kept for, such as a read: admitted in one before it is done.
 * @param admission null: nothing limits it
 */
export async function admitted<Result>(
  db: Db,
  admission: Admission | null,
  work: () => Promise<Result>,
): Promise<Result> {
  if (admission === null) return work();
  await db.transaction().execute((tx) => admission.admit(tx));
  try {
    return await work();
  } catch (error) {
    await db.transaction().execute((tx) => admission.giveBack(tx));
    throw error;
  }
}

/** A person has to say yes before the call is done. Nothing was done or counted. */
export class NeedsApproval extends Error {
  /** Which limit or setting asks, in words for the person who decides. */
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.name = 'NeedsApproval';
    this.reason = reason;
  }
}

/** An earlier request with the same Idempotency-Key has asked for the approval. Nothing was done or counted. */
export class AskedBefore extends Error {
  readonly approvalId: string;

  constructor(approvalId: string) {
    super(`asked by the approval ${approvalId}`);
    this.name = 'AskedBefore';
    this.approvalId = approvalId;
  }
}

/** What a call that a person is asked about is answered: the approval that it waits for, or what came of it. */
export type AskedAnswer = { approval: Approval } | { output: object };
