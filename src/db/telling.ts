// Wakes who waits once a transaction has committed, and not in it: Postgres lets the transactions that notify
// commit one at a time, each until the disk has it, in the whole of a cluster. Used by store.ts and, through
// `notify`, by every feature.
import { Kysely, PostgresDialect, type PostgresPool, sql, type TransactionBuilder } from 'kysely';
import type { ConnectionPool } from './connection-pool.ts';
import type { Db, Tables, Tx } from './tables.ts';
import { CHANNEL, type Topic } from './topics.ts';

/** Takes a topic of the database or transaction that it stands beside. */
const takers = new WeakMap<Db, (topic: Topic) => void>();

/**
 * Wakes the topic's subscribers on all servers once the transaction commits, on this one sooner than on others.
 * A wake-up is lost with a server that dies right behind its commit: whoever waits looks again from time to time.
 */
export async function notify(db: Db, topic: Topic): Promise<void> {
  const take = takers.get(db);
  if (take) take(topic);
  // Not the store's own, such as a command's with its pack's tables.
  else await sql`select pg_notify(${CHANNEL}, ${topic})`.execute(db);
}

/** The database behind the pool. @param tell is given the topics of what was committed, or may have been */
export function tellingDatabase(pool: ConnectionPool, tell: (topics: ReadonlySet<Topic>) => void): Kysely<Tables> {
  const db = new TellingDatabase(pool, tell);
  takers.set(db, (topic) => tell(new Set([topic])));
  return db;
}

class TellingDatabase extends Kysely<Tables> {
  readonly #tell: (topics: ReadonlySet<Topic>) => void;

  constructor(pool: ConnectionPool, tell: (topics: ReadonlySet<Topic>) => void) {
    super({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) });
    this.#tell = tell;
  }

  override transaction(): TransactionBuilder<Tables> {
    return telling(super.transaction(), this.#tell);
  }
}

type Told = (topics: ReadonlySet<Topic>) => void;

function telling(builder: TransactionBuilder<Tables>, tell: Told): TransactionBuilder<Tables> {
  const other: Pick<TransactionBuilder<Tables>, 'execute' | 'setAccessMode' | 'setIsolationLevel'> = {
    setAccessMode: (mode) => telling(builder.setAccessMode(mode), tell),
    setIsolationLevel: (level) => telling(builder.setIsolationLevel(level), tell),
    execute: async <Result>(work: (tx: Tx) => Promise<Result>) => {
      const topics = new Set<Topic>();
      // Also when the commit fails: a connection that breaks in it does not tell whether it was done.
      let isCommitting = false;
      try {
        return await builder.execute(async (tx) => {
          takers.set(tx, (topic) => topics.add(topic));
          const result = await work(tx);
          isCommitting = true;
          return result;
        });
      } finally {
        if (isCommitting && topics.size > 0) tell(topics);
      }
    },
  };
  return other as TransactionBuilder<Tables>;
}
