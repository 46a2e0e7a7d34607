// Cursors of lists ordered by time: the last item's place, opaque to callers.
import { sql } from 'kysely';
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Page } from '../protocol/page.ts';
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

const CursorText = z.tuple([Moment, z.uuid()]);

/** The cursor that leads to what lies behind the place. */
export function encodeCursor(place: Place): string {
  return Buffer.from(JSON.stringify([place.created_at.toISOString(), place.id])).toString('base64url');
}

/** Throws SeedError `invalid_input` for anything but a cursor that `encodeCursor` made. */
export function decodeCursor(cursor: string): Place {
  const place = CursorText.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!place.success)
    throw new SeedError('invalid_input', 'The cursor is not one that this list gave out.', {
      hint: 'Pass nextCursor of the page before unchanged, or leave the cursor out to start at the first page.',
    });
  const [createdAt, id] = place.data;
  return { created_at: new Date(createdAt), id };
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
