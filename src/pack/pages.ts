// Pages of a pack's rows: what `pageInput` asks for and `pageOf` describes. Packs get these through
// src/pack/pack.ts.
import { type SelectQueryBuilder, sql } from 'kysely';
import { z } from 'zod';
import { behindCursor, type PageRequest, pageOfRows } from '../db/cursor.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Page } from '../protocol/page.ts';

// biome-ignore lint/suspicious/noExplicitAny: whichever tables the query is of
type Query<Row> = SelectQueryBuilder<any, any, Row>;

/** Newest first. The rows have an `id`, a uuid, and `created_at`, to the millisecond. */
export async function newestFirst<Row extends { id: string; created_at: Date }, Item>(
  query: Query<Row>,
  { limit, cursor }: PageRequest,
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const behind = cursor === undefined ? query : query.where(behindCursor(cursor));
  const rows = await behind
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOfRows(rows, limit, toItem);
}

/** In the order of a text column that no two rows share. */
export async function orderedBy<Row, Item>(
  query: Query<Row>,
  column: keyof Row & string,
  { limit, cursor }: PageRequest,
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const place = cursor === undefined ? null : textOf(cursor);
  const rest = place === null ? query : query.where(sql<boolean>`${sql.ref(column)} > ${place}`);
  const rows = await rest
    .orderBy(column)
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    nextCursor: rows.length > limit && last ? cursorOf(String(last[column])) : null,
  };
}

const CursorText = z.tuple([z.string().regex(/^[^\0]*$/)]);

const cursorOf = (text: string) => Buffer.from(JSON.stringify([text])).toString('base64url');

function textOf(cursor: string): string {
  try {
    return CursorText.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))[0];
  } catch (cause) {
    throw new SeedError('invalid_input', 'The cursor is not one that this list gave out.', {
      hint: 'Pass nextCursor of the page before unchanged, or leave the cursor out to start at the first page.',
      cause,
    });
  }
}
