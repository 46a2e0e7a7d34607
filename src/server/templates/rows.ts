// The versions of the templates that accounts keep: made, read, listed, deleted. Called by commands.ts and
// order.ts.
import { type Selectable, sql } from 'kysely';
import { decodeText, type PageRequest, pageAfter } from '../../db/cursor.ts';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Db, Tables, Tx } from '../../db/tables.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import type { Template } from '../../protocol/template.ts';

export type TemplateRow = Selectable<Tables['templates']>;
/** What a version says; the rest is known of it. */
export type TemplateSettings = Pick<
  Template,
  'title' | 'description' | 'instruction' | 'parameters' | 'scopes' | 'limits' | 'task'
>;

/** The newest version, or the one asked for; null: there is none. */
export async function findTemplate(
  db: Db,
  { accountId, name, version }: { accountId: string; name: string; version?: number | undefined },
): Promise<Template | null> {
  const named = db
    .selectFrom('templates')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('name', '=', name);
  const wanted = version === undefined ? named : named.where('version', '=', version);
  const row = await wanted.orderBy('version', 'desc').limit(1).executeTakeFirst();
  return row ? toTemplate(row) : null;
}

/** The newest version of each, by name. @param after those whose name comes later */
export async function listKept(db: Db, accountId: string, limit: number, after: string): Promise<Template[]> {
  const rows = await db
    .selectFrom('templates')
    .distinctOn('name')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('name', '>', after)
    .orderBy('name')
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toTemplate);
}

/** Newest first. @throws SeedError invalid_input for a cursor of another list */
export async function listVersions(
  db: Db,
  { accountId, name }: { accountId: string; name: string },
  { limit, cursor }: PageRequest,
): Promise<Page<Template>> {
  const named = db
    .selectFrom('templates')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('name', '=', name);
  const rest = cursor === undefined ? named : named.where('version', '<', versionOf(decodeText(cursor)));
  const rows = await rest
    .orderBy('version', 'desc')
    .limit(limit + 1)
    .execute();
  return pageAfter(rows.map(toTemplate), limit, ({ version }) => String(version));
}

/**
 * Waits for others that make or change templates of the account until the transaction ends.
 * @returns how many it keeps
 */
export async function lockAndCount(tx: Tx, accountId: string): Promise<number> {
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  const { count } = await tx
    .selectFrom('templates')
    .select(sql<number>`count(distinct name)::int`.as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  return count;
}

export interface NewVersion {
  accountId: string;
  name: string;
  version: number;
  keyId: string;
  settings: TemplateSettings;
}

/** Adds a version; of too many the oldest goes. */
export async function insertVersion(tx: Tx, { accountId, name, version, keyId, settings }: NewVersion, now: Date) {
  const row = await tx
    .insertInto('templates')
    .values({
      account_id: accountId,
      name,
      version,
      title: storableText(settings.title),
      description: storableText(settings.description),
      instruction: storableText(settings.instruction),
      parameters: settings.parameters && storableJson(settings.parameters),
      scopes: settings.scopes,
      limits: storableJson(settings.limits),
      task: storableJson(settings.task),
      key_id: keyId,
      created_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await tx
    .deleteFrom('templates')
    .where('account_id', '=', accountId)
    .where('name', '=', name)
    .where('version', '<=', version - LIMITS.templates.versions)
    .execute();
  return toTemplate(row);
}

/** False when there was none. */
export async function deleteTemplate(tx: Db, accountId: string, name: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('templates')
    .where('account_id', '=', accountId)
    .where('name', '=', name)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

function toTemplate(row: TemplateRow): Template {
  return {
    name: row.name,
    version: row.version,
    title: row.title,
    description: row.description,
    instruction: row.instruction,
    parameters: row.parameters,
    scopes: row.scopes,
    limits: row.limits,
    task: row.task,
    pack: null,
    kept: true,
    keyId: row.key_id,
    createdAt: row.created_at.toISOString(),
  };
}

/** A text that is no version comes before all of them. */
const versionOf = (text: string) => Math.min(Number.parseInt(text, 10) || 0, 2 ** 31 - 1);
