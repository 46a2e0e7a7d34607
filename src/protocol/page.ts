// Lists: ?limit=20&cursor= in, {"items":[],"nextCursor":null} out.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** The milliseconds of a time since 1970, and an id. */
export const PLACE_CURSOR = /^\d{1,14}_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The bytes of a text, in hexadecimal. */
export const TEXT_CURSOR = /^~(?:0[1-9a-f]|[1-9a-f][0-9a-f]){1,99}$/;

export const pageInput = {
  limit: z
    .number()
    .int()
    .min(1)
    .max(LIMITS.pageSize)
    .default(LIMITS.pageSizeDefault)
    .describe(`Items on a page, 1 to ${LIMITS.pageSize}`),
  cursor: cursorOf(PLACE_CURSOR),
};

/** The same of a list in the order of a text that no two of its items share. */
export const orderedPageInput = { ...pageInput, cursor: cursorOf(TEXT_CURSOR) };

/** Its form is told and not demanded: what is no cursor of the list is refused by it, in its own words. */
function cursorOf({ source: pattern }: RegExp) {
  return z.string().max(200).meta({ pattern }).optional().describe('nextCursor of the page before');
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}
