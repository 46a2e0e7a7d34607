// Changes of keys, which servers know by heart for a moment (look-ups.ts): every change but the end of a task key is made in here.

import { notify } from '../../db/signals.ts';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { inTransaction } from '../../db/transaction.ts';

export type KeyStore = Pick<Store, 'db' | 'caches'>;

/**
 * Runs the work in a transaction, or in that which `db` is. From then on this server knows no key from before; the others as soon as they hear
 * of it, and after half a second at the latest.
 */
export async function changeKeys<Result>(
  { db, caches }: KeyStore,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  try {
    return await inTransaction(db, async (tx) => {
      const result = await work(tx);
      await notify(tx, 'keys');
      return result;
    });
  } finally {
    // Also when it failed: a connection that breaks while it commits does not tell whether it has.
    caches.forget('keys');
  }
}
