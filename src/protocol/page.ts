// Lists: ?limit=20&cursor= in, {"items":[],"nextCursor":null} out.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

export const pageInput = {
  limit: z
    .number()
    .int()
    .min(1)
    .max(LIMITS.pageSize)
    .default(LIMITS.pageSizeDefault)
    .describe(`Items on a page, 1 to ${LIMITS.pageSize}`),
  cursor: z.string().max(200).optional().describe('nextCursor of the page before'),
};

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}
