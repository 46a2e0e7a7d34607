// The rows of an account before and after a task, and what changed between them.
import type { Tables } from './task.ts';
import type { Account, Row, World } from './world.ts';

/** Of Seed's own tables those whose rows an agent can change; what metering writes by itself is not among them. */
const OWN: Record<string, string> = {
  keys: `select to_jsonb(keys) - 'last_used_at' - 'expiry_announced' as row from keys where account_id = $1 and task_id is null`,
  webhooks: `select to_jsonb(webhook_endpoints) as row from webhook_endpoints where account_id = $1`,
  'further tasks': `select jsonb_build_object('id', id) as row from tasks where account_id = $1 and parent_task_id is not null`,
};

/** Those of packs are named as `crm.emails`. */
export async function readTables(world: World, { id }: Account): Promise<Tables> {
  const ofPacks = await world.query(
    `select table_schema as schema, table_name as name from information_schema.columns
     where table_schema like 'pack\\_%' and column_name = 'account_id'`,
  );
  const statements = Object.entries(OWN);
  for (const { schema, name } of ofPacks) {
    const shown = `${String(schema).slice('pack_'.length)}.${name}`;
    statements.push([shown, `select to_jsonb(t) as row from "${schema}"."${name}" t where account_id = $1`]);
  }
  const tables: Tables = {};
  for (const [name, statement] of statements) {
    const rows = await world.query(`${statement} order by 1`, [id]);
    tables[name] = rows.map(({ row }) => row as Row);
  }
  return tables;
}

export interface Change {
  /** Rows that were not there before, as they are now. */
  added: Row[];
  /** Rows that are not there any more, as they were. A changed row is in both. */
  removed: Row[];
}

/** Of the tables that changed. */
export function changesOf({ before, after }: { before: Tables; after: Tables }): Record<string, Change> {
  const changes: Record<string, Change> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name] ?? [], after[name] ?? []];
    const added = without(is, was);
    const removed = without(was, is);
    if (added.length > 0 || removed.length > 0) changes[name] = { added, removed };
  }
  return changes;
}

function without(rows: readonly Row[], others: readonly Row[]): Row[] {
  const known = new Set(others.map((row) => JSON.stringify(row)));
  return rows.filter((row) => !known.has(JSON.stringify(row)));
}
