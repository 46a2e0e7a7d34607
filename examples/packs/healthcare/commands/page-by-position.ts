// A page of records that are all at hand: the cursor is the position of the last one shown.
import { SeedError } from 'seed/pack';

export function pageByPosition<Row extends { position: number }, Item>(
  rows: readonly Row[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  toItem: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  if (cursor !== undefined && !/^\d{1,9}$/.test(cursor)) {
    throw new SeedError('invalid_input', 'the cursor is not one that this list gave out', {
      hint: 'Pass nextCursor of the page before unchanged, or leave the cursor out to start at the first page.',
    });
  }
  const rest = rows.filter(({ position }) => position > Number(cursor ?? 0));
  const shown = rest.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(toItem), nextCursor: rest.length > limit && last ? String(last.position) : null };
}
