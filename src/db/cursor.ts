// Pages of lists and their cursors: the last item's place, opaque to callers. Packs get them by pack/pack.ts.
import { type SelectQueryBuilder, sql } from 'kysely';
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import { type Page, PLACE_CURSOR, TEXT_CURSOR } from '../protocol/page.ts';
import { Moment } from '../protocol/time.ts';

/** What every listed row has; together they order it. */
interface Place {
  id: string;
  created_at: Date;
}

export interface PageRequest {
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

/** What servers of the versions before gave out: JSON in base64url. */
const PlaceBefore = z.tuple([Moment, z.uuid()]);
const TextBefore = z.tuple([z.string().regex(/^[^\0]*$/)]);

/** The cursor that leads to what lies behind the place. */
export function encodeCursor(place: Place): string {
  return `${place.created_at.getTime()}_${place.id}`;
}

/** Throws SeedError `invalid_input` for anything but a cursor that `encodeCursor` made. */
export function decodeCursor(cursor: string): Place {
  if (PLACE_CURSOR.test(cursor)) {
    const [ms, id = ''] = cursor.split('_');
    return { created_at: new Date(Number(ms)), id };
  }
  const [createdAt, id] = readBefore(PlaceBefore, cursor);
  return { created_at: new Date(createdAt), id };
}

const encodeText = (text: string) => `~${Buffer.from(text).toString('hex')}`;

/** The text of the last item before the page. @throws SeedError invalid_input: `pageAfter` has not made it */
export function decodeText(cursor: string): string {
  if (TEXT_CURSOR.test(cursor)) return Buffer.from(cursor.slice(1), 'hex').toString('utf8');
  return readBefore(TextBefore, cursor)[0];
}

function readBefore<Place>(schema: z.ZodType<Place>, cursor: string): Place {
  const place = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (place.success) return place.data;
  throw new SeedError('invalid_input', 'The cursor is not one that this list gave out.', {
    hint: 'Pass nextCursor of the page before unchanged, or leave the cursor out to start at the first page.',
  });
}

/** The SQL condition for rows behind the cursor in (created_at desc, id desc). */
export function behindCursor(cursor: string) {
  const place = decodeCursor(cursor);
  return sql<boolean>`(created_at, id) < (${place.created_at}::timestamptz, ${place.id}::uuid)`;
}

/** The same for lists ordered oldest first. */
export function aheadOfCursor(cursor: string) {
  const place = decodeCursor(cursor);
  return sql<boolean>`(created_at, id) > (${place.created_at}::timestamptz, ${place.id}::uuid)`;
}

/** Makes a page out of up to `limit + 1` rows: the row too many only tells that there is a next page. */
export function pageOfRows<Row extends Place, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
}

// biome-ignore lint/suspicious/noExplicitAny: whichever tables the query is of
type Query<Row> = SelectQueryBuilder<any, any, Row>;

/** A page of the query's rows, newest first. */
export async function newestFirst<Row extends Place, Item>(
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
  const place = cursor === undefined ? null : decodeText(cursor);
  const rest = place === null ? query : query.where(sql<boolean>`${sql.ref(column)} > ${place}`);
  const rows = await rest
    .orderBy(column)
    .limit(limit + 1)
    .execute();
  const page = pageAfter(rows, limit, (row) => String(row[column]));
  return { ...page, items: page.items.map(toItem) };
}

/** A page out of up to `limit + 1` items, in the order of a text that no two of them share. */
export function pageAfter<Item>(
  items: readonly Item[],
  limit: number,
  textOf: (item: Item) => string,
): Page<Item> {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, nextCursor: items.length > limit && last ? encodeText(textOf(last)) : null };
}
