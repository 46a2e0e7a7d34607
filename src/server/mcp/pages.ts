// Pages of a list that is at hand. The cursor names the last item of the page before, so it stays right when others come or go.
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

/** @throws ProtocolError when the cursor is none of this list's */
export function pageAfter<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  cursor: string | undefined,
  size: number,
): { items: Item[]; nextCursor: string | null } {
  const start = cursor === undefined ? 0 : items.findIndex((item) => nameOf(item) === cursor) + 1;
  if (cursor !== undefined && start === 0) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'the cursor is not one that this list gave out');
  }
  const page = items.slice(start, start + size);
  const last = page.at(-1);
  const isLast = last === undefined || start + size >= items.length;
  return { items: page, nextCursor: isLast ? null : nameOf(last) };
}
