// Tells who watches tasks what became of them: once for each change, and only when its transaction has committed.
import type { Kysely } from 'kysely';
import type { Tables, TaskRow, Tx } from './tables.ts';

export interface TaskChange {
  /** `working`: the agent took its first step. */
  moment: 'accepted' | 'leased' | 'working' | 'ended';
  task: TaskRow;
}

/** Told by the one server that made the change. Must not throw. */
export type TaskWatcher = (change: TaskChange) => void;

declare const watched: unique symbol;
/** A transaction that changes tasks. Only `changeTasks` makes one, so that no change goes untold. */
export type TaskTx = Tx & { readonly [watched]: true };

const changesIn = new WeakMap<Tx, TaskChange[]>();

/** Runs the work in a transaction, and tells the store's watchers afterwards what it noted. */
export async function changeTasks<Result>(
  { db, taskWatchers }: { db: Kysely<Tables>; taskWatchers: ReadonlySet<TaskWatcher> },
  work: (tx: TaskTx) => Promise<Result>,
): Promise<Result> {
  const changes: TaskChange[] = [];
  const result = await db.transaction().execute((tx) => {
    changesIn.set(tx, changes);
    return work(tx as TaskTx);
  });
  for (const change of changes) for (const watcher of taskWatchers) watcher(change);
  return result;
}

export function noteChange(tx: TaskTx, moment: TaskChange['moment'], task: TaskRow): void {
  changesIn.get(tx)?.push({ moment, task });
}
