// The tables of packs, as their commands see them: alone, of one account, and in one transaction.
import { type Kysely, sql } from 'kysely';
import type { CustomTypesConfig } from 'pg';
import { arrayTypesIn, columnTypes } from '../../db/column-types.ts';
import { sqlStateOf } from '../../db/database-failure.ts';
import { PACK_ROLE } from '../../db/pack-role.ts';
import { packSchema } from '../../db/pack-schema.ts';
import { ACCOUNT_SETTING } from '../../db/row-security.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type Rule, refusalOf, rulesIn } from './broken-rules.ts';
import { packDatabase } from './pack-database.ts';

export interface PackTransaction {
  /** Whose rows there are; null: the owner's work, who sees all. */
  accountId: string | null;
  /** Of a command that only reads: Postgres refuses everything else. */
  access: 'read only' | 'read write';
  /** A broken constraint is what the caller gave, as long as nothing was done that a rollback does not undo. */
  tellsBrokenRules?: boolean;
  /** What Seed itself writes in the same transaction, when the work is done. */
  afterwards?(tx: Tx): Promise<void>;
}

export interface PackTables {
  /** Runs the work in one transaction (`db`, or a new one); names without a schema are the pack's tables. */
  inTransaction<Result>(db: Db, transaction: PackTransaction, work: Work<Result>): Promise<Result>;
  /** The same as the owner, who sees the rows of all accounts: for sample rows. */
  asOwner<Result>(db: Db, work: Work<Result>): Promise<Result>;
}

type Work<Result> = (db: Kysely<never>) => Promise<Result>;

/** Those of one pack. */
export function openPackTables(pack: string, { packRowSecurity }: Pick<Store, 'packRowSecurity'>): PackTables {
  const schema = packSchema(pack);
  let made: Made | undefined;

  async function run<Result>(
    tx: Tx,
    { accountId, tellsBrokenRules = false, afterwards }: PackTransaction,
    work: Work<Result>,
  ): Promise<Result> {
    made ??= await readMade(tx, schema);
    const { columns, rules, hasDeferrable } = made;
    const role = accountId !== null && packRowSecurity ? PACK_ROLE : null;
    const own = await become(tx, { path: schema, role: role ?? '', account: accountId ?? '' });
    const { db, end } = packDatabase(tx, pack, columns, role !== null);
    const tell = (error: unknown) => {
      throw (tellsBrokenRules ? refusalOf(error, rules) : null) ?? error;
    };
    const result = await work(db).finally(end).catch(tell);
    // Now, and not when the transaction is kept, where nobody would know whose constraint it was.
    if (hasDeferrable) await sql`set constraints all immediate`.execute(tx).catch(tell);
    const was = await become(tx, own);
    if (role !== null && (was.role !== role || was.account !== accountId || was.leaves)) {
      throw new SeedError(
        'internal',
        `a command of the pack ${pack} has changed who asks the database, or for whom`,
      );
    }
    await afterwards?.(tx);
    return result;
  }

  const tables: PackTables = {
    asOwner: (db, work) => tables.inTransaction(db, { accountId: null, access: 'read write' }, work),
    inTransaction(db, transaction, work) {
      if (db.isTransaction) return run(db as Tx, transaction, work);
      const { access } = transaction;
      return db
        .transaction()
        .setAccessMode(access)
        .execute((tx) => run(tx, transaction, work))
        .catch((error) => {
          // It is the command that may not write, not the database that cannot.
          throw access === 'read only' && sqlStateOf(error) === READ_ONLY ? error.cause : error;
        });
    },
  };
  return tables;
}

/** What the pack's migrations have made, as far as calls need to know it. Read once: only a start changes it. */
interface Made {
  columns: CustomTypesConfig;
  rules: Rule[];
  hasDeferrable: boolean;
}

async function readMade(tx: Tx, schema: string): Promise<Made> {
  const arrays = await arrayTypesIn(schema).execute(tx);
  const rules = await rulesIn(schema).execute(tx);
  const deferrable = await sql`
    select from pg_constraint where condeferrable and connamespace = to_regnamespace(${schema}) limit 1`.execute(
    tx,
  );
  return { columns: columnTypes(arrays.rows), rules: rules.rows, hasDeferrable: deferrable.rows.length > 0 };
}

/** SQLSTATE read_only_sql_transaction. */
const READ_ONLY = '25006';

interface Standing {
  path: string;
  /** Empty: that of the connection. */
  role: string;
  account: string;
}

/** Until the transaction ends. Returns what it was, and whether something was made that would outlive it. */
async function become(tx: Tx, { path, role, account }: Standing): Promise<Standing & { leaves: boolean }> {
  const { rows } = await sql<Standing & { leaves: boolean }>`
    with was as materialized (
      select current_setting('search_path') as path, current_setting('role') as role,
        coalesce(current_setting(${ACCOUNT_SETTING}, true), '') as account,
        case when pg_my_temp_schema() = 0 then false
          else exists (select from pg_class where relnamespace = pg_my_temp_schema()
            and relowner = (select oid from pg_roles where rolname = ${PACK_ROLE})) end as leaves)
    select was.*, set_config('role', ${role === '' ? 'none' : role}, true),
      set_config('search_path', ${path}, true), set_config(${ACCOUNT_SETTING}, ${account}, true) from was`.execute(
    tx,
  );
  const [was] = rows;
  if (!was) throw new SeedError('internal', 'Postgres does not say who is asking');
  return { path: was.path, role: was.role === 'none' ? '' : was.role, account: was.account, leaves: was.leaves };
}
