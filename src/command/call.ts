// What a command's `run` is given with its input: who calls, the database, and when to give up.
import type { Store } from '../db/store.ts';
import type { DecidedVia } from '../protocol/approval.ts';
import type { ShownCredential } from '../protocol/credential.ts';
import type { Key, Lineage } from '../protocol/key.ts';

/** A row of a batch. */
export interface BatchPlace {
  batchId: string;
  number: number;
}

/** Who presents the key. */
export interface Actor {
  key: Key;
  /** The key, then the one that started its task, and so on: what narrows one of them narrows this caller. */
  lineage: Lineage;
  /** Behind the lineage, the limited keys that made its last one, and so on: for their limits and settings. */
  grantors: readonly Key[];
  accountId: string;
  accountName: string;
  /** The models of its tasks that name none, and whose key names none; null: those of the server. */
  accountModels: string[] | null;
  /** The account runs this Seed and may manage accounts. */
  operator: boolean;
}

/** One call of a command. */
export interface Call {
  actor: Actor;
  /** Of a command that is `transactional`, its `db` is the transaction of the whole call. */
  store: Store;
  /** Id for what the command creates; the same again when its request is repeated. */
  creationId: string;
  /** The caller's `Prefer: wait=N` in milliseconds; 0 without. */
  waitMs: number;
  /** How the caller came. */
  via: DecidedVia;
  /** The caller's own for the platform of the command's pack, where the request brought one. */
  platformCredential?: ShownCredential | undefined;
  /** How the caller reaches this Seed, without a slash at the end; missing where nobody waits for the answer. */
  reachedAt?(): string;
  /** The row of a batch that it starts the task of; missing: it is none's. */
  batchRow?: BatchPlace | undefined;
  /** The request's header `traceparent`. */
  traceParent: string | undefined;
  // Made for who asks for one: most calls wait for nothing, and a signal costs as much as a short request.
  /** For work: aborted when the caller goes away. A server that stops finishes what it has begun. */
  gone(): AbortSignal;
  /** For mere waiting: aborted when the server begins to stop, too. */
  waiting(): AbortSignal;
  /** Records in the audit log what was done to which id, where the answer is then held. */
  recordDone(target: string): Promise<void>;
}
