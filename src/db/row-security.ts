// Row-level security of a pack's tables: what its role may see and change is of one account, whatever a query
// forgets to say. Called by migrate.ts in the transaction of the pack's migrations, at every start.
import { SeedError } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';
import { PACK_ROLE, quoted } from './pack-role.ts';
import { packSchema } from './pack-schema.ts';

/** The setting of a transaction that says whose rows it sees. */
export const ACCOUNT_SETTING = 'seed.account';

/** Asked once a statement. Without an account it is null, which no row's account is. */
const OF_ACCOUNT = `account_id = (select nullif(current_setting('${ACCOUNT_SETTING}', true), '')::uuid)`;
const PRIVILEGES = ['select', 'insert', 'update', 'delete'] as const;

interface Relation {
  name: string;
  kind: 'table' | 'view' | 'sequence';
  owner: string;
  is_guarded: boolean;
  /** The role may already all that it is to. */
  is_granted: boolean;
  invokes: boolean;
}

/**
 * @param shown the folder of its migrations, as messages name it
 * @throws SeedError invalid_settings for what would show one account's rows to another all the same
 */
export async function guardTables(client: Connection, pack: string, shown: string): Promise<void> {
  // Each only where it is missing: they wait for everybody who uses the table.
  for (const statement of await unguarded(client, pack, shown)) await client.query(statement);
}

/** The statements that guardTables would run. Changes nothing, and throws as it does. */
export async function unguarded(client: Connection, pack: string, shown: string): Promise<string[]> {
  const schema = packSchema(pack);
  await refuseWaysAround(client, schema, shown);
  const { rows } = await client.query<Relation>(RELATIONS, [schema, PACK_ROLE]);
  if (rows.length === 0) return [];
  const statements = rows.flatMap((relation) => missingOf(relation, schema));
  const { rows: usage } = await client.query<{ has: boolean }>(
    `select has_schema_privilege($1, $2, 'usage') as has`,
    [PACK_ROLE, schema],
  );
  if (!usage[0]?.has) statements.push(`grant usage on schema ${schema} to ${PACK_ROLE}`);
  return statements;
}

function missingOf({ name, kind, owner, is_guarded, is_granted, invokes }: Relation, schema: string): string[] {
  const relation = `${schema}.${quoted(name)}`;
  if (kind === 'sequence')
    return is_granted ? [] : [`grant usage, select on sequence ${relation} to ${PACK_ROLE}`];
  const granted = is_granted ? [] : [`grant ${PRIVILEGES.join(', ')} on ${relation} to ${PACK_ROLE}`];
  if (kind === 'view')
    return invokes ? granted : [`alter view ${relation} set (security_invoker = true)`, ...granted];
  if (is_guarded) return granted;
  return [
    `alter table ${relation} enable row level security`,
    `alter table ${relation} force row level security`,
    `drop policy if exists seed_account on ${relation}`,
    `drop policy if exists seed_owner on ${relation}`,
    `create policy seed_account on ${relation} to ${PACK_ROLE} using (${OF_ACCOUNT}) with check (${OF_ACCOUNT})`,
    // Migrations and sample rows are the owner's, whom FORCE would hold to an account as well.
    `create policy seed_owner on ${relation} to ${quoted(owner)} using (true) with check (true)`,
    ...granted,
  ];
}

const RELATIONS = `
  select c.relname as name,
    case when c.relkind in ('r', 'p') then 'table' when c.relkind = 'v' then 'view' else 'sequence' end as kind,
    pg_get_userbyid(c.relowner) as owner,
    c.relrowsecurity and c.relforcerowsecurity
      and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'seed_owner'
        and p.polroles = array[c.relowner])
      and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'seed_account'
        and p.polroles = array[(select oid from pg_roles where rolname = $2)])
      as is_guarded,
    case when c.relkind = 'S' then has_sequence_privilege($2, c.oid, 'usage') and has_sequence_privilege($2, c.oid, 'select')
      else ${PRIVILEGES.map((privilege) => `has_table_privilege($2, c.oid, '${privilege}')`).join(' and ')} end
      as is_granted,
    coalesce(c.reloptions @> array['security_invoker=true'], false) as invokes
  from pg_class c
  where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p', 'v', 'S')
  order by c.relname`;

interface WayAround {
  what: string;
  hint: string;
}

/** What row-level security does not reach, a query each that names it. */
async function refuseWaysAround(client: Connection, schema: string, shown: string): Promise<void> {
  const { rows } = await client.query<WayAround>(
    `select 'the function ' || proname || ' is SECURITY DEFINER and so sees the rows of all accounts' as what,
       'Leave SECURITY DEFINER out: it then works for the account of the call.' as hint
     from pg_proc where pronamespace = to_regnamespace($1) and prosecdef
     union all
     select 'the materialized view ' || relname || ' has the rows of all accounts', 'Make it a view, or a table with account_id.'
     from pg_class where relnamespace = to_regnamespace($1) and relkind = 'm'
     union all
     select 'the foreign table ' || relname || ' cannot be held to an account', 'Call what it leads to from a command.'
     from pg_class where relnamespace = to_regnamespace($1) and relkind = 'f'
     union all
     select 'the view ' || relname || ' sees the rows of all accounts before Postgres 15',
       'Write its query into the command, or use a newer Postgres.'
     from pg_class where relnamespace = to_regnamespace($1) and relkind = 'v'
       and current_setting('server_version_num')::int < 150000
     union all
     select 'the rule ' || rulename || ' of ' || tablename || ' works as the owner, who sees the rows of all accounts',
       'Use a trigger.'
     from pg_rules where schemaname = $1
     union all
     select 'the policy ' || polname || ' of ' || relname || ' would show more than the rows of the account',
       'Make it one "as restrictive", which only narrows.'
     from pg_policy join pg_class on pg_class.oid = polrelid
     where relnamespace = to_regnamespace($1) and polpermissive and polname not in ('seed_account', 'seed_owner')
     limit 1`,
    [schema],
  );
  const [first] = rows;
  if (first) throw new SeedError('invalid_settings', `${shown}: ${first.what}.`, { hint: first.hint });
}
