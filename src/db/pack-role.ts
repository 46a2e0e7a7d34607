// The role that commands of packs work as in the database: it owns nothing, and what it sees is by account. Found
// or made by migrate.ts when a server with packs starts.
import { SeedError } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';
import { sqlStateOf } from './database-failure.ts';

/** Roles belong to a whole Postgres, so the databases of several Seeds share it. It may not log in. */
export const PACK_ROLE = 'seed_packs';

interface RoleFacts {
  /** The role that Seed works as. */
  own: string;
  is_there: boolean;
  /** It can more than it is to. */
  too_mighty: boolean;
  may_become: boolean;
}

/** Whether nothing needs to be done for it. @throws SeedError invalid_settings when it can do too much */
export async function hasPackRole(client: Connection): Promise<boolean> {
  const facts = await readFacts(client);
  if (facts.too_mighty) throw tooMighty();
  return facts.is_there && facts.may_become;
}

/** @throws SeedError invalid_settings with the SQL that whoever runs the database is to run */
export async function ensurePackRole(client: Connection): Promise<void> {
  let facts = await readFacts(client);
  if (!facts.is_there) {
    await tried(client, `create role ${PACK_ROLE} nologin noinherit`);
    facts = await readFacts(client);
  }
  if (facts.is_there && !facts.may_become) {
    await tried(client, `grant ${PACK_ROLE} to ${quoted(facts.own)}`);
    facts = await readFacts(client);
  }
  if (!facts.is_there || !facts.may_become) throw notAllowed(facts);
  if (facts.too_mighty) throw tooMighty();
}

function tooMighty(): SeedError {
  return new SeedError('invalid_settings', `the database's role ${PACK_ROLE} can do more than it is to`, {
    hint:
      `It is to be what "create role ${PACK_ROLE} nologin" makes, a member of no other role. ` +
      `Run in the database: alter role ${PACK_ROLE} nosuperuser nobypassrls nocreaterole nocreatedb noreplication nologin;`,
  });
}

async function readFacts(client: Connection): Promise<RoleFacts> {
  // Before 16 whoever is a member of a role may become it.
  const { rows } = await client.query<RoleFacts>(
    `select current_user as own, role.oid is not null as is_there,
       coalesce(role.rolsuper or role.rolbypassrls or role.rolcreaterole or role.rolcreatedb or role.rolreplication
         or role.rolcanlogin or exists (select from pg_auth_members where member = role.oid), false) as too_mighty,
       coalesce(pg_has_role(session_user, role.oid,
         case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end), false) as may_become
     from (select) as one left join pg_roles role on role.rolname = $1`,
    [PACK_ROLE],
  );
  const [facts] = rows;
  if (!facts) throw new SeedError('internal', 'Postgres does not say which role this is');
  return facts;
}

/** What it may not, or what another server has done at the same moment, the next look tells. */
async function tried(client: Connection, statement: string): Promise<void> {
  await client.query(statement).catch((error) => {
    if (!/^(42501|42710|23505|XX000|0A000|0LP01)$/.test(sqlStateOf(error) ?? '')) throw error;
  });
}

function notAllowed({ own, is_there }: RoleFacts): SeedError {
  const create = is_there ? '' : `create role ${PACK_ROLE} nologin; `;
  return new SeedError(
    'invalid_settings',
    `commands of packs work as the database's role ${PACK_ROLE}, and ${own} of DATABASE_URL may not ${is_there ? 'become' : 'make'} it`,
    {
      hint:
        `Have a superuser of that Postgres run once: ${create}grant ${PACK_ROLE} to ${quoted(own)}; ` +
        'or set SEED_PACK_ROW_SECURITY=off, and nothing but each query keeps the accounts of packs apart.',
    },
  );
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
